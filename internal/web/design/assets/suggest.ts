// An input with data-suggest becomes a combobox (WAI-ARIA, list autocomplete with manual selection). The server draws the
// options; a failed question leaves the plain field.

const pause = 150; // milliseconds after the last key

export function suggest(root: Document): void {
  root.addEventListener("focusin", (event) => {
    const input = event.target as HTMLElement;
    if (input instanceof HTMLInputElement && input.dataset.suggest && !input.getAttribute("role")) new Combobox(input);
  });
}

class Combobox {
  private readonly list = document.createElement("ul");
  private timer = 0;
  private asked = 0; // an answer to an older question is dropped

  constructor(private readonly input: HTMLInputElement) {
    this.list.id = input.id + "-list";
    this.list.className = "suggestions";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", input.labels?.[0]?.textContent ?? "");
    this.list.hidden = true;
    input.after(this.list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": this.list.id, "aria-expanded": "false" })) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(), pause);
    });
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus
      this.choose((event.target as Element).closest<HTMLElement>("[data-value]"));
    });
  }

  private async ask(): Promise<void> {
    const question = ++this.asked;
    const words = this.input.value.trim();
    if (words === "") return this.close();
    const address = new URL(this.input.dataset.suggest!, location.href);
    address.searchParams.set("q", words);
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      const options = await answer.text();
      if (!answer.ok || question !== this.asked) return;
      this.list.innerHTML = options;
      this.show(true);
    } catch {
      this.close();
    }
  }

  private key(event: KeyboardEvent): void {
    const options = [...this.list.querySelectorAll<HTMLElement>("[data-value]")];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (this.list.hidden) return;
    switch (event.key) {
      case "ArrowDown": this.select(options, (at + 1) % options.length); break;
      case "ArrowUp": this.select(options, (at <= 0 ? options.length : at) - 1); break;
      case "Enter": if (at < 0) return; this.choose(options[at]); break;
      case "Escape": this.close(); break;
      default: return;
    }
    event.preventDefault();
  }

  private select(options: HTMLElement[], at: number): void {
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    options[at]?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", options[at]?.id ?? "");
  }

  private choose(option: HTMLElement | null): void {
    if (!option) return;
    this.input.value = option.dataset.label!;
    this.close();
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  private close(): void {
    this.asked++;
    clearTimeout(this.timer);
    this.show(false);
  }

  private show(open: boolean): void {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }
}
