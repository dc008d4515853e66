// A menu or an open step closes when one looks elsewhere: a click outside, or Escape, which gives the focus back.
const open = "details.menu[open], details.step[open]";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(open)) {
    // What somebody has begun to write stays open.
    const written = [...menu.querySelectorAll("textarea")].some((area) => area.value);
    if (!menu.contains(event.target) && !written) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.(open) ?? document.querySelector(open);
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
