/* Text into the document: the only way this page has.
 *
 * What comes from graphs and rules is somebody else's, so nothing is ever parsed as markup:
 * elements are made one by one and text goes in as text.  Characters that change how the text
 * around them reads (controls, directions, those without width) are shown by their numbers. */

const ODD = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

export function plain(text) {
  return String(text).replace(ODD, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

/* An element: make("td", { class: "n", title: key }, "text", other, ...). */
export function make(tag, attributes, ...content) {
  return fill(document.createElement(tag), attributes, content);
}

const SVG = "http://www.w3.org/2000/svg";

export function draw(tag, attributes, ...content) {
  return fill(document.createElementNS(SVG, tag), attributes, content);
}

function fill(element, attributes, content) {
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  for (const part of content.flat(Infinity))
    if (part !== undefined && part !== null && part !== false)
      element.append(part instanceof Node ? part : plain(part));
  return element;
}

/* Text of unknown origin and length: what is beyond `most` is there on demand. */
export function long(text, most = 300) {
  const whole = plain(text);
  if (whole.length <= most) return make("bdi", { class: "wrap" }, whole);
  const shown = make("bdi", { class: "wrap" }, whole.slice(0, most) + " …");
  const button = make("button", { type: "button", class: "link", "aria-expanded": "false" },
    "all " + count(whole.length) + " characters");
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    shown.textContent = open ? whole : whole.slice(0, most) + " …";
    button.textContent = open ? "less" : "all " + count(whole.length) + " characters";
  });
  return make("span", {}, shown, " ", button);
}

/* Short enough for a drawing, both ends kept. */
export function short(text, most) {
  const whole = Array.from(plain(text));
  if (whole.length <= most) return whole.join("");
  const tail = Math.floor((most - 1) / 2);
  return whole.slice(0, most - 1 - tail).join("") + "…" + whole.slice(whole.length - tail).join("");
}

export function count(number) {
  return typeof number === "number" ? number.toLocaleString("en") : plain(number);
}

export function amount(number) {
  const digits = Math.abs(number) < 1000 && number % 1 !== 0 ? 2 : 0;
  return number.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function bytes(number) {
  return number < 1024 ? count(number) + " B"
    : number < 1024 * 1024 ? (number / 1024).toFixed(1) + " KiB"
      : (number / 1024 / 1024).toFixed(1) + " MiB";
}

export function duration(ns) {
  return ns < 1e3 ? ns + " ns" : ns < 1e6 ? (ns / 1e3).toFixed(1) + " µs"
    : ns < 1e9 ? (ns / 1e6).toFixed(1) + " ms" : (ns / 1e9).toFixed(1) + " s";
}

/* Milliseconds as people write a duration for a rule: "1d12h". */
export function span(ms) {
  const parts = [];
  for (const [unit, size] of [["d", 864e5], ["h", 36e5], ["m", 6e4], ["s", 1e3], ["ms", 1]]) {
    const whole = Math.floor(ms / size);
    if (whole) parts.push(whole + unit);
    ms -= whole * size;
  }
  return parts.join("") || "0s";
}

export function time(ms) {
  const date = new Date(typeof ms === "number" ? ms : String(ms));
  return isNaN(date) ? plain(ms) : date.toISOString().replace(/\.000Z$/, "Z");
}

/* Any value as text that can be read. */
export function value(of) {
  return typeof of === "string" ? of : typeof of === "number" ? count(of) : JSON.stringify(of, null, 1);
}
