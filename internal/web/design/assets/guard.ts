// A form with data-guard asks before its unsaved words are left.
export function guardForms(root: Document): void {
  let unsaved = false;
  const guarded = (event: Event) => (event.target as Element).closest("form[data-guard]") !== null;
  root.addEventListener("input", (event) => { unsaved ||= guarded(event); });
  root.addEventListener("submit", (event) => { if (guarded(event)) unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
}
