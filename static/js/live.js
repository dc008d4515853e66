// The server says which compartment changed, never what; each part of the page marked with it fetches itself again.
// A part: <section hx-get="…" hx-trigger="live" data-live-compartment="<uuid>">, or "*" for any compartment.

const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 120_000;
const GATHERING = 250; // one operation may touch several compartments of one page

let pause = FIRST_PAUSE;
let wasOpen = false;
let missed = false;
let stream;
const waiting = new Set();

function isBeingWrittenIn(part) {
  const field = document.activeElement;
  return part.contains(field) && field.matches("input, textarea, select");
}

function refresh() {
  if (document.hidden) return;
  for (const part of waiting) {
    if (!part.isConnected) waiting.delete(part);
    else if (!isBeingWrittenIn(part)) {
      waiting.delete(part);
      part.dispatchEvent(new CustomEvent("live", { bubbles: false }));
    }
  }
}

function expect(isConcerned) {
  for (const part of document.querySelectorAll("[data-live-compartment]")) {
    if (isConcerned(part.dataset.liveCompartment)) waiting.add(part);
  }
  setTimeout(refresh, GATHERING);
}

function watch() {
  stream?.close();
  stream = new EventSource("/live/");
  stream.addEventListener("open", () => {
    pause = FIRST_PAUSE;
    if (wasOpen && missed) expect(() => true); // what changed while nobody listened is not told again
    wasOpen = true;
    missed = false;
  });
  stream.addEventListener("message", (event) => {
    const { compartment } = JSON.parse(event.data);
    expect((marked) => marked === "*" || marked === compartment);
  });
  stream.addEventListener("error", () => {
    missed = true;
    if (stream.readyState !== EventSource.CLOSED) return; // the browser itself tries again
    setTimeout(watch, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  });
}

if (document.body.hasAttribute("data-live")) {
  watch();
  document.addEventListener("visibilitychange", refresh);
  document.addEventListener("focusout", () => setTimeout(refresh));
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    if (!part.matches?.("[data-live-compartment]")) return;
    part.classList.add("just-changed");
    part.addEventListener("animationend", () => part.classList.remove("just-changed"), { once: true });
  });
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return; // back from the browser's cache: the stream was closed on leaving
    watch();
    expect(() => true);
  });
}
