// A menu is a <details>. It closes on Escape, giving the focus back, and when something else is chosen.
export function closeMenus(root: Document): void {
  const open = () => root.querySelectorAll<HTMLDetailsElement>("details.menu[open]");
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
  for (const kind of ["click", "focusin"]) {
    root.addEventListener(kind, (event) => {
      for (const menu of open()) {
        if (!menu.contains(event.target as Node)) menu.open = false;
      }
    });
  }
}
