// Everything by keyboard. Links say their own keys (data-keys="g e"), so a viewer has only the keys of what they see.
const GAP = 1_500; // milliseconds between the two keys of a sequence
const SETTING = "homeward-keys";

const dialog = document.getElementById("keys");
const choice = dialog?.querySelector("[data-keys-choice]");
let first = "";
let firstAt = 0;

function areOn() {
  return localStorage.getItem(SETTING) !== "off";
}

function isWriting(target) {
  return target.isContentEditable || target.matches?.("input, textarea, select");
}

// On a Ukrainian or Arabic layout the same physical key counts.
function letter(event) {
  if (/^[\x20-\x7e]$/.test(event.key)) return event.key.toLowerCase();
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : "";
}

function moveInRows(by) {
  const rows = [...document.querySelectorAll("[data-rows] > *")].filter((row) => row.querySelector("a, button"));
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? 0 : Math.min(Math.max(here + by, 0), rows.length - 1);
  rows[next].querySelector("a, button").focus();
  rows[next].scrollIntoView({ block: "nearest" });
}

// From the box down into what it found, along that with the arrows, and from its first row back into the box.
function moveFromBox(event) {
  const search = document.querySelector("[data-search]");
  if (!search || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const here = document.activeElement;
  const row = here.closest("[data-rows] > *");
  if (here !== search && !(row && here.matches("a"))) return;
  if (here === search && event.key === "ArrowUp") return;
  event.preventDefault();
  if (row && event.key === "ArrowUp" && !row.previousElementSibling) return search.focus();
  moveInRows(event.key === "ArrowDown" ? 1 : -1);
}

function follow(sequence) {
  [...document.querySelectorAll("[data-keys]")].find((link) => link.dataset.keys === sequence)?.click();
}

function answer(key) {
  if (first === "g" && Date.now() - firstAt < GAP) {
    first = "";
    return follow(`g ${key}`), true;
  }
  first = key;
  firstAt = Date.now();
  if (key === "j") return moveInRows(1), true;
  if (key === "k") return moveInRows(-1), true;
  if (key === "?") return dialog.showModal(), true;
  const search = document.querySelector("[data-search]");
  if (key === "/" && search) return search.focus(), true;
  return false;
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey || event.altKey || dialog.open)) moveFromBox(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isWriting(event.target) || dialog.open) return;
    const key = letter(event);
    if (key && (areOn() || key === "?") && answer(key)) event.preventDefault();
  });
  choice.checked = areOn();
  choice.addEventListener("change", () => localStorage.setItem(SETTING, choice.checked ? "on" : "off"));
  for (const opener of document.querySelectorAll("[data-opens-keys]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => dialog.showModal());
  }
}
