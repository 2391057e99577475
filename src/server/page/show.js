/* What came back, shown: an answer, its usage and trace, how a rule stands, recent decisions. */
import { make, plain, long, count, bytes, duration, time, value } from "./text.js";

const empty = (text) => make("p", { class: "empty" }, text);
/* A table that scrolls by itself; a head that begins with ">" is of numbers. */
const rows = (heads, body, label) => make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
  make("table", {}, make("thead", {}, make("tr", {}, heads.map((head) =>
    make("th", { scope: "col", class: head[0] === ">" ? "n" : null }, head.replace(">", ""))))), make("tbody", {}, body)));
const cell = (...content) => make("td", {}, ...content);

/* How bad a decision is among those a rule can make: "good", "middle", "bad"; "plain": unknown. */
export function severity(decision, decisions) {
  const at = (decisions || []).indexOf(decision);
  if (at < 0 || decisions.length < 2) return "plain";
  return at === 0 ? "good" : at === decisions.length - 1 ? "bad" : "middle";
}

export function chip(decision, decisions) {
  return make("span", { class: "chip " + severity(decision, decisions) }, decision || "none");
}

/* ---- usage ---- */

const BUDGETS = [
  ["instructions", "instructions", "Instructions", count], ["wall_ns", "time", "Time", duration],
  ["memory_bytes", "memory", "Memory", bytes], ["edges", "edges", "Edges read", count],
  ["nodes", "nodes", "Nodes", count], ["hops", "hops", "Hops", count],
  ["output_bytes", "output", "Output", bytes],
];

function bar(used, limit) {
  const share = limit ? Math.min(1, used / limit) : 0;
  const fill = make("span", { class: "fill" + (used >= limit && limit ? " full" : share > 0.7 ? " high" : "") });
  fill.style.width = (used ? Math.max(0.6, share * 100) : 0) + "%";
  return make("span", { class: "bar" }, fill);
}

export function usage(used, limits, stopped) {
  const lines = BUDGETS.filter(([name]) => typeof used[name] === "number").map(([name, kind, title, show]) => {
    const limit = limits?.[name];
    const percent = limit ? Math.round((used[name] / limit) * 100) : null;
    const said = show(used[name]) + (limit ? " of " + show(limit) : "");
    return make("li", { class: kind === stopped ? "stopped" : null, "data-budget": kind },
      make("span", { class: "what" }, title),
      make("span", {
        class: "meter", role: "meter", "aria-label": title, "aria-valuemin": "0",
        "aria-valuemax": limit || used[name] || 1, "aria-valuenow": limit ? Math.min(used[name], limit) : used[name],
        "aria-valuetext": said,
      }, bar(used[name], limit)),
      make("span", { class: "n" }, said, percent === null ? "" : make("small", {}, " " + (percent || used[name] === 0 ? percent : "<1") + " %")));
  });
  return make("ul", { class: "usage" }, lines);
}

/* ---- an answer ---- */

function stopNote(answer) {
  const limit = answer.limit;
  if (answer.outcome === "ok") return null;
  const where = answer.line ? " (" + plain(answer.file || answer.rule).split("/").pop() + ":" + answer.line + ")" : "";
  const title = limit ? "Stopped by its " + limit.kind + " limit" : {
    error: "The rule ended in an error", denied: "The rule was not allowed to run so",
    invalid_result: "What the rule returned does not fit its contract", cancelled: "The run was cancelled",
  }[answer.outcome] || answer.outcome;
  return make("div", { class: "note bad", id: "stopped" }, make("strong", {}, title + where),
    make("p", {}, long(answer.message || "", 600)));
}

function outputOf(output) {
  if (output && typeof output === "object" && !Array.isArray(output))
    return make("dl", { class: "output" }, Object.entries(output).flatMap(([name, of]) =>
      [make("dt", {}, name), make("dd", {}, long(value(of), 300))]));
  return make("pre", {}, long(value(output), 1000));
}

function proposals(result) {
  const nodes = result.updated_nodes || [];
  const edges = result.new_edges || [];
  if (!nodes.length && !edges.length) return null;
  return make("details", { class: "proposes" }, make("summary", {}, "Proposes changes to ", count(nodes.length), " nodes and ",
    count(edges.length), " new edges"), make("pre", {}, long(JSON.stringify({ updated_nodes: nodes, new_edges: edges }, null, 1), 4000)));
}

/* One line that says it all, for who hears the page. */
export function saying(answer) {
  const result = resultOf(answer);
  return (result.decision || "no decision") + (answer.fallback ? ", the fallback" : "")
    + (typeof result.score === "number" ? ", score " + count(result.score) : "")
    + (answer.outcome && answer.outcome !== "ok" ? ", outcome " + answer.outcome : "")
    + (result.reasons?.length ? ": " + plain(result.reasons[0]).slice(0, 200) : "");
}

function head(answer, decisions) {
  const result = resultOf(answer);
  const at = (decisions || []).indexOf(result.decision);
  return make("div", { class: "verdict " + severity(result.decision, decisions), id: "verdict" },
    make("p", { class: "word", id: "decision" }, result.decision || "no decision"),
    make("p", { class: "facts" },
      typeof result.score === "number" ? make("span", {}, "score ", make("b", { id: "score" }, count(result.score))) : null,
      at >= 0 && decisions.length > 1 ? make("span", {}, count(at + 1), " of ", count(decisions.length), " in severity") : null,
      make("span", {}, "outcome ", make("b", { id: "outcome" }, answer.outcome || "ok")),
      answer.truncated ? make("span", {}, "some edges were left out, as the rule asked") : null));
}

function reasonsOf(result) {
  if (!result.reasons?.length) return empty("It gave no reasons.");
  return make("ul", { class: "reasons", id: "reasons" }, result.reasons.slice(0, 100).map((reason) => make("li", {}, long(reason))),
    result.reasons.length > 100 ? make("li", {}, "and ", count(result.reasons.length - 100), " more") : null);
}

const section = (title, ...content) => make("div", { class: "part" }, make("h3", {}, title), ...content);

/* A set's answer says what a rule's has in `result` beside its members. */
export function resultOf(answer) {
  return answer.result || { decision: answer.decision, score: answer.score };
}

export function showAnswer(into, answer, decisions, source) {
  const result = resultOf(answer);
  into.replaceChildren(...[
    head(answer, decisions),
    stopNote(answer),
    answer.fallback ? make("p", { class: "note", id: "fallback" }, answer.set
      ? "No member had a say: the declared fallback stands in."
      : "The rule itself did not decide: its declared fallback stands in.") : null,
    answer.members ? null : section("Reasons", reasonsOf(result)),
    result.output !== undefined && result.output !== null ? section("Output", outputOf(result.output)) : null,
    proposals(result),
    answer.members ? section("Members", members(answer.members)) : null,
    answer.usage ? section("Used, of what was allowed", usage(answer.usage, answer.limits, answer.limit?.kind)) : null,
    answer.explain ? make("details", { class: "part", open: true }, make("summary", {}, make("h3", {}, "Step by step")),
      make("div", { class: "steps", tabindex: "0", role: "region", "aria-label": "Step by step" }, explanation(answer.explain, source))) : null,
    make("p", { class: "small", id: "which" }, answer.rule || answer.set || "",
      answer.version ? " version " + answer.version : "", answer.variant && answer.variant !== "live" ? " (" + answer.variant + ")" : "",
      answer.decision_id ? ", decision " : "", answer.decision_id ? make("code", {}, answer.decision_id) : null),
  ].filter(Boolean));
}

function members(list) {
  return rows(["Rule", "Decision", ">Score", "Outcome", "Why"], list.map((member) =>
    make("tr", { class: member.decided ? "decided" : null }, make("td", { class: "key" }, member.rule),
      cell(member.decision || "none", member.fallback ? " (fallback)" : "", member.decided ? make("span", { class: "mark" }, "decided") : null),
      make("td", { class: "n" }, typeof member.score === "number" ? count(member.score) : ""),
      cell(member.outcome, member.limit ? " (" + member.limit + ")" : ""),
      cell(long((member.reasons || []).join("; ") || member.message || "", 200)))), "What each member said");
}

/* ---- a trace ---- */

function readOf(read) {
  return (read.method ? read.method + ": " : "") + (read.direction === "both" ? "both ways" : read.direction) + " " + read.type
    + " of " + read.node + (read.nodes > 1 ? " and " + count(read.nodes - 1) + " more" : "")
    + (read.from !== undefined ? ", since " + time(read.from) : "") + (read.to !== undefined ? ", up to " + time(read.to) : "")
    + (read.refined ? ", " + read.refined : "") + ": " + count(read.kept) + " kept, " + count(read.edges) + " read";
}

function assigned(of) {
  const number = Number(of.value);
  const moment = of.type === "number" && number >= 946684800000 && number < 4102444800000 ? " (" + time(number) + ")" : "";
  return of.name + " = " + (of.type === "string" ? '"' + of.value + '"' : of.value) + moment;
}

/* Each line that ran once, in the order of the text, with what it set and read. */
function explanation(trace, source) {
  const lines = new Map();
  const at = (step) => {
    const line = trace.steps[step]?.line || 0;
    if (!lines.has(line)) lines.set(line, { runs: 0, notes: [] });
    return lines.get(line);
  };
  trace.steps.forEach((_, i) => { at(i).runs++; });
  for (const of of trace.values) if (of.type !== "function") at(of.step).notes.push(assigned(of));
  for (const of of trace.reads) at(of.step).notes.push(readOf(of));
  const text = source ? source.split("\n") : [];
  const shown = [...lines.entries()].filter(([line]) => line > 0).sort((a, b) => a[0] - b[0]).slice(0, 400);
  if (!shown.length) return empty("Not a step was taken.");
  return make("div", {}, trace.truncated ? make("p", { class: "hint" }, "The trace is full: this is the beginning of it.") : null,
    make("ol", { class: "trace", id: "trace" }, shown.map(([line, of]) => make("li", {},
      make("span", { class: "line" }, count(line)),
      make("div", {}, text[line - 1] !== undefined ? make("code", {}, long(text[line - 1].trim() || " ", 200)) : null,
        of.runs > 1 ? make("small", {}, " ran ", count(of.runs), " times") : null,
        make("ul", {}, of.notes.slice(0, 4).map((note) => make("li", {}, long(note, 240))),
          of.notes.length > 4 ? make("li", {}, "and ", count(of.notes.length - 4), " more") : null))))));
}

/* ---- how a rule stands ---- */

const STATES = {
  active: "decides", paused: "is paused: its fallback stands in", killed: "is killed: its fallback stands in",
  inactive: "was never activated",
};

function percent(share) {
  return (typeof share === "number" ? share.toLocaleString("en", { maximumFractionDigits: 2 }) : plain(share)) + " %";
}

function evidenceOf(versions) {
  return rows(["Version", "Runs as", ">Share", ">Evaluations", ">Not ok", "Decisions", ">Time p50", ">p99"], versions.map((of) => {
    const bad = Object.entries(of.outcomes || {}).filter(([kind]) => kind !== "ok").reduce((sum, [, n]) => sum + n, 0);
    return make("tr", {}, cell("v", count(of.version)), cell(of.variant || ""), make("td", { class: "n" }, of.percent === undefined ? "" : percent(of.percent)),
      make("td", { class: "n" }, count(of.evaluations || 0)), make("td", { class: "n" }, count(bad)),
      cell(decisionsOf(of.decisions)), make("td", { class: "n" }, of.wall_ns?.p50 ? duration(of.wall_ns.p50) : ""),
      make("td", { class: "n" }, of.wall_ns?.p99 ? duration(of.wall_ns.p99) : ""));
  }), "What each version did");
}

function decisionsOf(decisions) {
  return Object.entries(decisions || {}).filter(([, n]) => n).map(([word, n]) => plain(word) + " " + count(n)).join(", ");
}

function versionRow(of, standing) {
  const marks = [of.version === standing.active ? "decides" : null, of.version === standing.previous ? "before" : null,
    ...(standing.variants || []).filter((v) => v.version === of.version).map((v) => v.kind + " " + percent(v.percent)),
    ...(standing.shadows || []).filter((v) => v.version === of.version).map(() => "shadow")].filter(Boolean);
  return make("tr", {}, cell("v", count(of.version)), cell(marks.map((mark) => make("span", { class: "mark" }, mark))),
    cell(time(of.time)), cell(long(of.author || "", 60)), cell(long(of.reason || "", 160)),
    make("td", { class: "key" }, (of.source_hash || "").slice(0, 12)));
}

/* `standing` as the registry has it, or null for a rule from a file. */
export function showVersions(into, name, standing, versions, evidence) {
  if (!standing) {
    into.replaceChildren(empty(plain(name) + " is loaded from a file, not kept in the registry: it has no versions."));
    return;
  }
  into.replaceChildren(...[
    make("p", { id: "standing" }, make("strong", {}, name), " ", STATES[standing.state] || standing.state,
      standing.state === "active" ? " as version " + standing.active : "",
      standing.previous ? ", version " + standing.previous + " did before" : ""),
    standing.last_abort ? make("p", { class: "note" }, "The last rollout was ended: ", long(standing.last_abort)) : null,
    versions.length ? rows(["Version", "Stands", "Pushed", "By", "Why", "Digest"],
      versions.map((of) => versionRow(of, standing)), "Versions of the rule") : empty("No version is known."),
    evidence?.length ? section("Evidence", evidenceOf(evidence)) : null,
  ].filter(Boolean));
}

/* ---- recent decisions ---- */

function nodeOf(input) {
  if (!input) return null;
  if (input.label !== undefined && input.key !== undefined) return { label: String(input.label), key: String(input.key) };
  if (typeof input.node === "string" && input.node.includes(":")) {
    const at = input.node.indexOf(":");
    return { label: input.node.slice(0, at), key: input.node.slice(at + 1) };
  }
  return input.node?.label !== undefined ? { label: String(input.node.label), key: String(input.node.key) } : null;
}

export function showDecisions(into, list, link) {
  if (!list.length) {
    into.replaceChildren(empty("Nothing was decided yet."));
    return;
  }
  into.replaceChildren(rows(["When", "Rule", "Node", "Decision", "Outcome", "Why"], list.map((record) => {
    const node = nodeOf(record.input);
    const result = record.result && typeof record.result === "object" ? record.result : {};
    const decision = record.decision ?? result.decision;
    return make("tr", {}, make("td", { class: "time" }, time(record.timestamp)),
      cell(record.rule || "", record.version ? " v" + record.version : ""),
      make("td", { class: "key" }, node ? make("a", { href: link(record.rule, node) }, node.label + ":" + node.key) : ""),
      cell(typeof decision === "string" ? decision : "none", record.fallback ? " (fallback)" : ""), cell(plain(record.outcome || "")),
      make("td", { class: "why" }, long(Array.isArray(result.reasons) ? result.reasons.map(String).join("; ") : record.error?.message || "", 160)));
  }), "Recent decisions"));
}

export function showEmpty(into, text) {
  into.replaceChildren(empty(text));
}
