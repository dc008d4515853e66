"""What a machine can tell of how a page looks: LOOK's last section without the eyes."""

from typing import Any

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
ZOOMED = {"viewport": {"width": 640, "height": 430}, "device_scale_factor": 2}  # a laptop of 1280 px at 200 %

_LOOK = """touch => {
  const found = [], root = document.documentElement;
  const named = element => `${element.tagName.toLowerCase()}.${element.className} "${element.textContent.trim().slice(0, 40)}"`;
  const isShown = element => element.checkVisibility({checkVisibilityCSS: true}) && element.getClientRects().length
      && !element.closest('.visually-hidden, .skip');
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll('body *')].filter(element => {
      const box = element.getBoundingClientRect();
      const scrolls = element.closest('.table-window, .board, .sections, .menu-panel, [data-scrolls]');
      return isShown(element) && !scrolls && (box.right > root.clientWidth + 1 || box.left < -1);
    });
    found.push(`the page scrolls sideways (${root.scrollWidth} of ${root.clientWidth} px): ${wide.slice(-2).map(named)}`);
  }
  for (const element of document.querySelectorAll('button, .button, .pill, .chip, .tally, .rail a, .sections a')) {
    if (!isShown(element) || element.querySelector('.visually-hidden')) continue;
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
      found.push(`text is clipped: ${named(element)}`);
  }
  for (const element of document.querySelectorAll('main :is(section, div, form, article, li, td, dd, th)')) {
    const style = getComputedStyle(element);
    if (!isShown(element) || style.overflowX !== 'visible' || style.display.startsWith('inline')) continue;
    if (element.closest('.table-window, .board') || element.querySelector('.visually-hidden')) continue;
    if (element.clientWidth && element.scrollWidth > element.clientWidth + 1) found.push(`it spills over: ${named(element)}`);
  }
  const targets = touch ? document.querySelectorAll('button, .button, .chip, .rail a, select, input') : [];
  for (const element of targets) {
    if (!isShown(element)) continue;
    if (element.matches('.link-button, [type=hidden], [type=checkbox], [type=radio], :disabled')) continue;
    const height = Math.round(element.getBoundingClientRect().height);
    if (height < 44) found.push(`${height} px are no target for a finger: ${named(element)}`);
  }
  const titles = [...document.querySelectorAll('h1')].filter(isShown);
  if (titles.length !== 1 || !titles[0].textContent.trim()) found.push(`${titles.length} headings of the page`);
  if (!document.title.replace('· Homeward', '').trim()) found.push('no title');
  if (!root.lang || !['ltr', 'rtl'].includes(root.dir)) found.push(`lang=${root.lang} dir=${root.dir}`);
  if ((root.dir === 'rtl') !== (root.lang === 'ar')) found.push(`lang=${root.lang} reads ${root.dir}`);
  return found;
}"""

_FOCUS = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return '';
  const style = getComputedStyle(element);
  const shows = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return shows ? '' : `${element.tagName.toLowerCase()}.${element.className}`;
}"""


def look_faults(page: Any, what: str, *, touch: bool = False) -> list[str]:
    """Sideways scrolling, clipped words, small targets, missing title or heading, wrong language or direction."""
    return [f"{what}: {fault}" for fault in page.evaluate(_LOOK, touch)]


def focus_faults(page: Any, what: str, stops: int = 12) -> list[str]:
    """What takes the focus in the first stops of Tab and does not show it."""
    found = []
    for _stop in range(stops):
        page.keyboard.press("Tab")
        if hidden := page.evaluate(_FOCUS):
            found.append(f"{what}: the focus is not visible on {hidden}")
    return found
