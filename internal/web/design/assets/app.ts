import "htmx.org";
import { closeMenus } from "./menu";
import { openDialogs } from "./dialog";
import { guardForms } from "./guard";
import { suggest } from "./suggest";

// Every page works without this file. What it adds is comfort.
closeMenus(document);
openDialogs(document);
guardForms(document);
suggest(document);
document.querySelector<HTMLElement>(".summary")?.focus();
