// A link with data-opens leads to a page that asks; here the dialog of that id asks in its place.
export function openDialogs(root: Document): void {
  root.addEventListener("click", (event) => {
    const opener = (event.target as Element).closest<HTMLElement>("[data-opens]");
    const dialog = opener && root.getElementById(opener.dataset.opens!);
    if (!(dialog instanceof HTMLDialogElement) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    dialog.showModal();
  });
}
