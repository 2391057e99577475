/* Asking the server.
 *
 * The token lies in sessionStorage: this tab alone has it, and it goes with the tab.  A request
 * that is refused for want of one calls `needToken`, once for however many requests, and is
 * tried again with what that gives, until it gives nothing. */

const KEY = "cordon-token";
let needToken = null;
let asking = null;

export function getToken() {
  return sessionStorage.getItem(KEY) || "";
}

export function setToken(token) {
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

/* `how(why)` promises whether there is another token now. */
export function onTokenNeeded(how) {
  needToken = how;
}

/* What went wrong with a request: an RFC 9457 problem, or that there was no answer. */
export class Problem extends Error {
  constructor(status, document, later = 0) {
    super(document.detail || document.title || "The server answered " + status + ".");
    this.status = status;
    this.later = later; /* seconds after which it may be asked again; 0: not said */
    this.document = document;
  }
}

/* "/v1/rules/{}" with each pair of braces taken by one argument, whatever is in it. */
export function path(template, ...args) {
  return template.replace(/\{\}/g, () => encodeURIComponent(args.shift()));
}

export function query(of) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(of))
    if (value !== undefined && value !== null && value !== "") words.append(name, value);
  return words.size ? "?" + words : "";
}

const PATIENCE = 4; /* times a busy server is asked again */

/* What 503 with Retry-After refuses was not begun, so it can be asked again whatever it is. */
async function send(method, where, body, signal) {
  for (let times = 0; ; times++) {
    try {
      return await sendOnce(method, where, body, signal);
    } catch (fault) {
      if (fault.status !== 503 || !fault.later || times === PATIENCE) throw fault;
      await new Promise((done) => { setTimeout(done, Math.min(fault.later, 3) * 1000); });
      signal?.throwIfAborted();
    }
  }
}

async function sendOnce(method, where, body, signal) {
  const headers = { Accept: "application/json" };
  const token = getToken();
  if (token) headers.Authorization = "Bearer " + token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(where, {
      method, headers, signal, cache: "no-store", credentials: "omit", redirect: "error",
      referrerPolicy: "no-referrer", body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Problem(0, { detail: "The server does not answer." });
  }
  let document = {};
  try {
    document = await response.json();
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    document = { detail: "The server answered " + response.status + " without a document." };
  }
  if (!response.ok) throw new Problem(response.status, document, Number(response.headers.get("Retry-After")) || 0);
  return document;
}

export async function ask(method, where, { body, signal } = {}) {
  for (;;) {
    const token = getToken();
    try {
      return await send(method, where, body, signal);
    } catch (fault) {
      if (fault.status !== 401 || !needToken) throw fault;
      if (getToken() !== token) continue; /* another request has asked meanwhile */
      asking = asking || needToken(token ? "The server does not know this token."
        : "The server asks for a token.").finally(() => { asking = null; });
      if (!await asking) throw fault;
    }
  }
}

export function get(where, signal) {
  return ask("GET", where, { signal });
}
