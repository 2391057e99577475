/* A rule's parameters as a form, made of its contract.
 *
 * A field that is left empty sends nothing, so that the rule's default stands; the default is
 * what the empty field shows.  What can be told wrong here is told here, beside the field; the
 * server has the last word. */
import { make, span, count } from "./text.js";

function shown(param, value) {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (param.type === "duration" && typeof value === "number") return span(value);
  return String(value);
}

function bound(param, value) {
  if (param.type === "duration") return span(value);
  if (param.type === "timestamp") return new Date(value).toISOString();
  return count(value);
}

/* "number, 0 to 1, 0.7 if left empty" */
function about(param) {
  const counts = param.type === "string" || param.type === "list";
  const what = counts ? (param.type === "list" ? " elements" : " characters") : "";
  const words = [param.type === "list" ? "list of " + param.element + ", with commas between"
    : param.type === "duration" ? "duration, as 24h or 1d12h" : param.type];
  if (param.min !== undefined && param.max !== undefined)
    words.push(bound(param, param.min) + " to " + bound(param, param.max) + what);
  else if (param.min !== undefined) words.push("at least " + bound(param, param.min) + what);
  else if (param.max !== undefined) words.push("at most " + bound(param, param.max) + what);
  if (param.required) words.push("must be given");
  return words.join(", ");
}

function field(param, id, text) {
  const describedby = id + "-about " + id + "-fault";
  const standard = shown(param, param.default);
  const choices = param.type === "boolean" ? ["true", "false"] : param.choices;
  if (choices) {
    const empty = param.required ? "choose" : standard ? standard + " (default)" : "not given";
    const select = make("select", { id, "aria-describedby": describedby },
      make("option", { value: "" }, empty), choices.map((c) => make("option", { value: c }, c)));
    select.value = choices.includes(text) ? text : "";
    return select;
  }
  const input = make("input", {
    id, placeholder: standard || (param.required ? "must be given" : "not given"),
    spellcheck: "false", maxlength: 10000, dir: "auto", "aria-describedby": describedby,
    inputmode: param.type === "integer" ? "numeric" : param.type === "number" ? "decimal" : null,
    "aria-required": param.required ? "true" : null,
  });
  input.value = text || "";
  return input;
}

/* One field a parameter into `into`; `given` is {name: text}. */
export function buildParams(into, params, given) {
  into.replaceChildren(...params.map((param) => {
    const id = "param-" + param.name;
    return make("div", { class: "param" },
      make("label", { for: id }, param.name),
      field(param, id, given[param.name]),
      make("p", { class: "hint", id: id + "-about" },
        param.description ? param.description + ". " : "", about(param)),
      make("p", { class: "fault", id: id + "-fault" }));
  }));
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DURATION = /^(\d+(\.\d+)?(ms|d|h|m|s))+$/;

/* Text as the type has it; throws what is wrong. */
function scalar(type, text) {
  if (type === "boolean") {
    if (text !== "true" && text !== "false") throw new Error("true or false is needed");
    return text === "true";
  }
  if (type === "integer" || type === "number") {
    const number = Number(text);
    if (!NUMBER.test(text) || !isFinite(number)) throw new Error("a number is needed");
    if (type === "integer" && !Number.isSafeInteger(number)) throw new Error("a whole number is needed");
    return number;
  }
  if (type === "duration" || type === "timestamp") {
    if (/^-?\d+$/.test(text)) return Number(text);
    if (type === "duration" && !DURATION.test(text)) throw new Error("a duration is needed, as 24h, 90m or 1d12h");
    if (type === "timestamp" && isNaN(Date.parse(text))) throw new Error("a time is needed, as 2026-11-24T02:29:00Z");
  }
  return text;
}

function length(ms) {
  const units = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
  let sum = 0;
  for (const [, number, , unit] of ms.matchAll(/(\d+(\.\d+)?)(ms|d|h|m|s)/g)) sum += number * units[unit];
  return sum;
}

function measure(param, value) {
  if (param.type === "string" || param.type === "list") return value.length;
  if (typeof value !== "string") return Number(value);
  return param.type === "duration" ? length(value) : Date.parse(value);
}

function parse(param, text) {
  const value = param.type !== "list" ? scalar(param.type, text)
    : text.split(",").map((part) => part.trim()).filter(Boolean).map((part) => scalar(param.element, part));
  const size = measure(param, value);
  if (param.type !== "boolean" && ((param.min !== undefined && size < param.min)
      || (param.max !== undefined && size > param.max)))
    throw new Error("this is out of bounds: " + about(param));
  return value;
}

/* What was filled in: {texts: {name: text}, values: {name: value}, bad: the first field that
 * is wrong}. */
export function readParams(params) {
  const read = { texts: {}, values: {}, bad: null };
  for (const param of params) {
    const input = document.getElementById("param-" + param.name);
    const fault = document.getElementById("param-" + param.name + "-fault");
    const text = param.type === "string" ? input.value : input.value.trim();
    fault.textContent = "";
    input.removeAttribute("aria-invalid");
    if (text === "" && !param.required) continue;
    try {
      if (text === "" && param.type !== "string") throw new Error("this must be given");
      read.values[param.name] = parse(param, text);
      read.texts[param.name] = text;
    } catch (wrong) {
      fault.textContent = wrong.message;
      input.setAttribute("aria-invalid", "true");
      read.bad = read.bad || input;
    }
  }
  return read;
}
