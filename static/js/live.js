// The server says which compartment changed, never what; each part of the page marked with it fetches itself again.
// A part: <section hx-get="…" hx-trigger="live" data-live-compartment="<uuid>">, or "*" for any compartment.

const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 120_000;
const GATHERING = 250; // one operation may touch several compartments of one page
const LONGEST_GATHERING = 5_000;
const LEISURE = 2; // times as long as the last answer took: a busy server is asked less often

let gathering = GATHERING;
let timer;

let pause = FIRST_PAUSE;
let wasOpen = false;
let missed = false;
let stream;
// Both hold ids: a part that has fetched itself is another element under the same id.
const waiting = new Set();
const asked = new Map(); // since when its answer is awaited; what changes meanwhile is fetched once after it

function isBeingWrittenIn(part) {
  const field = document.activeElement;
  return part.contains(field) && field.matches("input, textarea, select");
}

function refresh() {
  timer = undefined;
  if (document.hidden) return;
  for (const id of waiting) {
    const part = document.getElementById(id);
    if (!part) waiting.delete(id);
    else if (!asked.has(id) && !isBeingWrittenIn(part)) {
      waiting.delete(id);
      part.dispatchEvent(new CustomEvent("live", { bubbles: false }));
    }
  }
}

function refreshSoon() {
  timer ??= setTimeout(refresh, gathering);
}

function expect(isConcerned) {
  for (const part of document.querySelectorAll("[data-live-compartment]")) {
    if (isConcerned(part.dataset.liveCompartment)) waiting.add(part.id);
  }
  refreshSoon();
}

function noteAnswer(id) {
  const took = performance.now() - asked.get(id);
  asked.delete(id);
  gathering = Math.min(Math.max(GATHERING, took * LEISURE), LONGEST_GATHERING);
  if (waiting.size) refreshSoon();
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
  document.addEventListener("htmx:beforeSend", ({ detail: { elt } }) => {
    if (elt.matches("[data-live-compartment]")) asked.set(elt.id, performance.now());
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig } }) => {
    const { id } = requestConfig.elt; // which may be gone already, then its parent tells
    if (asked.has(id)) noteAnswer(id);
  });
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
