// Talking to the server: requests, the whole state, and the stream of changes.

// Problem is a request that was not carried out, with a sentence for people.
export class Problem extends Error {
  constructor(sentence, fields) {
    super(sentence);
    this.fields = fields || {};
  }
}

const unreachable = "The playground does not answer. Is it still running?";

async function read(response) {
  let body = null;
  try { body = await response.json(); } catch { /* the sentence below says enough */ }
  if (!response.ok) throw new Problem(body?.error || unreachable, body?.fields);
  return body;
}

export async function post(path, body) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
  } catch {
    throw new Problem(unreachable);
  }
  return read(response);
}

export async function getState(as) {
  let response;
  try {
    response = await fetch(`/api/state?as=${encodeURIComponent(as || "")}`);
  } catch {
    throw new Problem(unreachable);
  }
  return read(response);
}

const kinds = ["message", "deleted", "private", "private-gone", "interaction", "read", "story", "bot", "reset"];
const restAfter = 30_000; // a hidden page lets go of its connection: browsers allow only six in all
const retryEvery = 2_000;

// Stream follows the changes for one person from a number on, and catches up
// after each break.
export class Stream {
  constructor({ as, at, on, live }) {
    Object.assign(this, { as, at, on, live });
    this.seen = () => this.watchVisibility();
    document.addEventListener("visibilitychange", this.seen);
    this.open();
  }

  open() {
    this.source?.close();
    clearTimeout(this.again);
    const source = new EventSource(`/api/stream?as=${encodeURIComponent(this.as)}&at=${this.at}`);
    this.source = source;
    source.onopen = () => this.live(true);
    source.onerror = () => {
      if (this.source !== source) return;
      this.live(false);
      // The browser gives up after some failures; we do not.
      if (source.readyState === EventSource.CLOSED) this.again = setTimeout(() => this.open(), retryEvery);
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        if (this.source !== source) return;
        if (event.lastEventId) this.at = event.lastEventId;
        this.on(kind, JSON.parse(event.data));
      });
    }
  }

  watchVisibility() {
    clearTimeout(this.resting);
    if (document.hidden) this.resting = setTimeout(() => { this.source?.close(); this.source = null; }, restAfter);
    else if (!this.source) this.open();
  }

  close() {
    document.removeEventListener("visibilitychange", this.seen);
    clearTimeout(this.again);
    clearTimeout(this.resting);
    this.source?.close();
    this.source = null;
  }
}
