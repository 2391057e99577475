/* The page: what is asked stands in the address, so that a link says it all.
 *
 *   #rule=velocity&node=Account:17&at=2026-11-24T02:29:00Z&p.window=48h&explain=1
 *
 * Nothing is evaluated because a link was opened: an evaluation is recorded, and may propose
 * changes, so somebody has to press Run.  Whatever is asked for belongs to the address it was
 * asked under; an answer that comes when another is shown is dropped. */
import { get, ask, path, query, getToken, setToken, onTokenNeeded } from "./api.js";
import { make, plain, time, count } from "./text.js";
import { buildParams, readParams } from "./form.js";
import { gather, drawNeighbourhood, nameOf } from "./draw.js";
import { showAnswer, showVersions, showDecisions, showEmpty, saying } from "./show.js";

const EDGES = 500;    /* of a node, drawn */
const DECISIONS = 20; /* listed */

const $ = (id) => document.getElementById(id);
const state = {
  rules: [], schema: { labels: [], types: [] }, contract: null, params: [], source: null,
  shown: {},           /* what the parts of the page are about: {rule, node} */
  latest: null, focusSubject: false, running: null,
};

/* ---- the address ---- */

function read() {
  const words = new URLSearchParams(location.hash.slice(1));
  const node = words.get("node") || "";
  const colon = node.indexOf(":");
  const params = {};
  for (const [name, text] of words) if (name.startsWith("p.")) params[name.slice(2)] = text;
  return {
    rule: words.get("rule") || "", node: colon > 0 ? { label: node.slice(0, colon), key: node.slice(colon + 1) } : null,
    at: words.get("at") || "", params, explain: words.get("explain") === "1",
  };
}

function address(of) {
  const words = new URLSearchParams();
  if (of.rule) words.set("rule", of.rule);
  if (of.node) words.set("node", nameOf(of.node));
  if (of.at) words.set("at", of.at);
  for (const [name, text] of Object.entries(of.params || {})) words.set("p." + name, text);
  if (of.explain) words.set("explain", "1");
  return "#" + words;
}

const linkTo = (node) => address({ ...formed(), node });
const linkToDecision = (rule, node) => address({ rule: rule || formed().rule, node });

/* What the form says now. */
function formed() {
  const label = $("label").value;
  const key = $("key").value;
  const rule = $("rule").value;
  const there = read(); /* what fields are not yet there for stays as the address has it */
  const params = state.contract && state.shown.rule === rule ? readParams(state.params).texts
    : there.rule === rule ? there.params : {};
  return {
    rule, node: label && key ? { label, key } : null, at: $("at").value.trim(), params, explain: $("explain").checked,
  };
}

function keepAddress() {
  const wanted = address(formed());
  if (location.hash !== wanted) history.pushState(null, "", wanted);
  document.title = [$("rule").value, $("key").value && nameOf({ label: $("label").value, key: plain($("key").value) }), "cordon"]
    .filter(Boolean).join(" · ");
}

/* ---- reasons for what is not there ---- */

function whyNot(fault, right, what) {
  if (fault.status === 403) return "This needs the right \u201c" + right + "\u201d, which you do not have here.";
  if (fault.status === 401) return "This needs a token.";
  return what + ": " + fault.message;
}

/* ---- what there is to choose from ---- */

async function everything(where, name, most) {
  const all = [];
  let cursor;
  do {
    const page = await get(where + query({ limit: 100, cursor }));
    all.push(...(page[name] || []));
    cursor = page.next;
  } while (cursor && all.length < most);
  return all;
}

/* Who may not list rules or labels may still ask about those of a link. */
const offered = (id, wanted) => [...$(id).options].some((of) => of.value === wanted);

function offerRules() {
  const wanted = read().rule;
  const option = (rule) => make("option", { value: rule.name },
    rule.name + (rule.state === "active" || !rule.registered ? "" : " (" + rule.state + ")"));
  const listed = state.rules.length || !wanted ? state.rules : [{ name: wanted }];
  const groups = [["rule", "Rules"], ["set", "Sets"]].map(([kind, title]) => [title, listed.filter((r) => (r.kind || "rule") === kind)]);
  $("rule").replaceChildren(make("option", { value: "" }, listed.length ? "choose" : "none in service"),
    ...groups.filter(([, list]) => list.length).map(([title, list]) => make("optgroup", { label: title }, list.map(option))));
}

function offerLabels() {
  const { node } = read();
  const labels = state.schema.labels.length || !node ? state.schema.labels.map((of) => of.label) : [node.label];
  $("label").replaceChildren(...labels.map((label) => make("option", { value: label }, label)));
  offerExamples();
}

function offerExamples() {
  const label = state.schema.labels.find((of) => of.label === $("label").value);
  const examples = (label?.examples || []).map(String);
  $("keys").replaceChildren(...examples.map((key) => make("option", { value: key })));
  $("examples").hidden = !examples.length;
  $("examples").replaceChildren(label ? count(label.count) + " of them, such as " : "", ...examples.slice(0, 3).flatMap((key, i) => {
    const button = make("button", { type: "button", class: "link" }, key);
    button.addEventListener("click", () => { $("key").value = key; chosen(); });
    return i ? [", ", button] : [button];
  }));
}

/* ---- the rule ---- */

/* A set's members declare its parameters. */
async function paramsOf(contract) {
  if (contract.kind !== "set") return contract.params || [];
  const all = await Promise.all((contract.members || []).slice(0, 32).map((member) =>
    get(path("/v1/rules/{}", member.name)).then((d) => d.contract?.params || [], () => [])));
  const named = new Map(all.flat().map((param) => [param.name, { ...param, required: false }]));
  return [...named.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

async function showRule(rule) {
  state.contract = null;
  state.params = [];
  state.source = null;
  $("params").hidden = true;
  $("param-fields").replaceChildren();
  $("rule-about").textContent = "";
  if (!rule) {
    showEmpty($("versions-body"), "Choose a rule to see how it stands.");
    return;
  }
  try {
    const found = await get(path("/v1/rules/{}", rule));
    const params = await paramsOf(found.contract || {});
    if (state.shown.rule !== rule) return;
    state.contract = found.contract || {};
    state.params = params;
    $("rule-about").textContent = plain(state.contract.description || "");
    $("params").hidden = !params.length;
    buildParams($("param-fields"), params, read().rule === rule ? read().params : {});
    await showStanding(rule, found);
  } catch (fault) {
    if (state.shown.rule !== rule) return;
    $("rule-about").textContent = whyNot(fault, "read", "This rule cannot be read");
    showEmpty($("versions-body"), whyNot(fault, "read", "How it stands cannot be told"));
  }
}

async function showStanding(rule, found) {
  const standing = found.registered ? found : null;
  let versions = [], evidence = [];
  if (standing) {
    const none = () => ({});
    const list = get(path("/v1/rules/{}/versions", rule) + query({ limit: 20 }));
    const rollout = get(path("/v1/rollouts/{}", rule)).catch(none);
    const shadows = get(path("/v1/shadows/{}", rule)).catch(none);
    versions = (await list).versions || [];
    evidence = [...(await rollout).evidence || [], ...(await shadows).evidence || []];
    if (standing.active)
      get(path("/v1/rules/{}/versions/{}", rule, standing.active)).then(
        (version) => { if (state.shown.rule === rule) state.source = version.source || null; }, () => {});
  }
  if (state.shown.rule === rule) showVersions($("versions-body"), rule, standing, versions, evidence);
}

/* ---- the node ---- */

async function showNode(node, at) {
  state.latest = null;
  $("at-latest").hidden = true;
  if (!node) {
    showEmpty($("around-body"), "Choose a node to see whom it deals with.");
    return;
  }
  const name = nameOf(node);
  try {
    const own = get(path("/v1/graph/nodes/{}/{}", node.label, node.key)).then((found) => found.node, () => null);
    const page = await get(path("/v1/graph/nodes/{}/{}/neighbourhood", node.label, node.key)
      + query({ limit: EDGES, as_of: at }));
    const known = await own;
    if (state.shown.node !== name || state.shown.at !== at) return;
    const times = page.edges.map((edge) => edge.time).filter((ms) => typeof ms === "number");
    state.latest = times.length ? Math.max(...times) : null;
    $("at-latest").hidden = state.latest === null;
    const note = page.cursor ? "Drawn from its newest " + count(page.edges.length) + " edges; it has more."
      : "Drawn from all its " + count(page.edges.length) + " edges.";
    drawNeighbourhood($("around-body"), gather(node, page.edges, state.schema.types), note, linkTo, known,
      state.schema.labels.find((of) => of.label === node.label));
  } catch (fault) {
    if (state.shown.node !== name || state.shown.at !== at) return;
    showEmpty($("around-body"), whyNot(fault, "read", "The neighbourhood cannot be read"));
  }
  if (state.focusSubject) {
    state.focusSubject = false;
    $("around-heading").tabIndex = -1;
    $("around-heading").focus();
  }
}

/* ---- running ---- */

async function run(event) {
  event.preventDefault();
  const params = readParams(state.params);
  const asked = formed();
  $("ask-note").textContent = "";
  if (!asked.rule || params.bad) {
    $("ask-note").textContent = asked.rule ? "A parameter is wrong." : "Choose a rule first.";
    (asked.rule ? params.bad : $("rule")).focus();
    return;
  }
  keepAddress();
  apply();
  state.running?.abort();
  const running = state.running = new AbortController();
  const set = state.contract?.kind === "set";
  const body = { params: params.values };
  if (asked.node) body.node = asked.node;
  if (asked.at) body.as_of = /^\d+$/.test(asked.at) ? Number(asked.at) : asked.at;
  $("answer").setAttribute("aria-busy", "true");
  $("run").textContent = "Running";
  try {
    const answer = await ask("POST", path(set ? "/v1/sets/{}:evaluate" : "/v1/evaluate/{}", asked.rule)
      + query({ usage: "true", explain: asked.explain ? "full" : "off" }), { body, signal: running.signal });
    if (running !== state.running) return;
    showAnswer($("answer-body"), answer, state.contract?.decisions, state.source);
    $("said").textContent = saying(answer);
  } catch (fault) {
    if (running !== state.running || fault.name === "AbortError") return;
    const why = whyNot(fault, "evaluate", "It was not run");
    $("answer-body").replaceChildren(make("p", { class: "note bad", id: "refused" }, why));
    $("said").textContent = plain(why);
  } finally {
    if (running === state.running) {
      state.running = null;
      $("answer").removeAttribute("aria-busy");
      $("run").textContent = "Run";
    }
  }
  showRecent();
}

async function showRecent() {
  try {
    const page = await get("/v1/decisions" + query({ limit: DECISIONS }));
    showDecisions($("recent-body"), page.decisions || [], linkToDecision);
  } catch (fault) {
    showEmpty($("recent-body"), fault.status === 404 ? "This server keeps no log of decisions."
      : whyNot(fault, "audit", "Recorded decisions cannot be read"));
  }
}

/* ---- what follows from what is chosen ---- */

/* Show what the address and the form say, as far as it is not shown already. */
function apply() {
  const { rule, node, at } = formed();
  const name = node ? nameOf(node) : "";
  if (state.shown.rule !== rule) {
    state.shown.rule = rule;
    showRule(rule);
  }
  if (state.shown.node !== name || state.shown.at !== at) {
    state.shown.node = name;
    state.shown.at = at;
    showNode(node, at);
  }
}

/* Somebody chose something in the form. */
function chosen() {
  keepAddress();
  apply();
}

/* The address has changed: the form says what it says. */
function arrive() {
  const { rule, node, at, params, explain } = read();
  const other = node && state.shown.node && nameOf(node) !== state.shown.node;
  $("rule").value = offered("rule", rule) ? rule : "";
  if (rule && !$("rule").value) $("ask-note").textContent = "There is no rule " + plain(rule) + ".";
  if (node && !offered("label", node.label)) {
    $("ask-note").textContent = "The graph has no label " + plain(node.label) + ".";
    $("key").value = "";
  } else if (node) {
    $("label").value = node.label;
    $("key").value = node.key;
    offerExamples();
  }
  $("at").value = at;
  $("explain").checked = explain;
  if (state.shown.rule === rule && state.params.length) buildParams($("param-fields"), state.params, params);
  if (other) state.focusSubject = $("around").contains(document.activeElement) || document.activeElement === document.body;
  keepAddress();
  apply();
}

async function showServer() {
  try {
    const status = await get("/v1/status");
    const graph = state.schema.generation ? "generation " + count(state.schema.generation) + ", " + count(state.schema.nodes)
      + " nodes, " + count(state.schema.edges) + " edges" : "no graph";
    $("server").textContent = graph + (status.version ? " · cordon " + plain(status.version) : "") + (status.status === "ready" ? "" : " · " + plain(status.status) + (status.reason ? ", " + plain(status.reason) : ""));
  } catch (fault) {
    $("server").textContent = whyNot(fault, "read", "The server's state cannot be read");
  }
}

async function load() {
  const [rules, schema] = await Promise.allSettled([everything("/v1/rules", "rules", 1000), get("/v1/graph/schema")]);
  $("ask-note").textContent = "";
  state.rules = rules.status === "fulfilled" ? rules.value : [];
  state.schema = { labels: [], types: [], ...(schema.status === "fulfilled" ? schema.value : {}) };
  if (rules.status === "rejected") $("ask-note").textContent = whyNot(rules.reason, "read", "The rules cannot be read");
  else if (schema.status === "rejected") $("ask-note").textContent = whyNot(schema.reason, "read", "The graph cannot be read");
  offerRules();
  offerLabels();
  state.shown = {};
  arrive();
  showRecent();
  showServer();
}

/* ---- the token ---- */

function askToken(why) {
  return new Promise((done) => {
    const dialog = $("token-dialog");
    $("token-why").textContent = why + " It is kept in this tab alone, and gone when it is closed.";
    $("token").value = "";
    dialog.returnValue = "cancel";
    dialog.addEventListener("close", () => {
      const text = $("token").value.trim();
      $("token").value = "";
      if (dialog.returnValue === "use" && text) setToken(text);
      if (dialog.returnValue === "forget") setToken("");
      done(dialog.returnValue !== "cancel" && (dialog.returnValue === "forget" || text !== ""));
    }, { once: true });
    dialog.showModal();
  });
}

async function copyLink() {
  keepAddress();
  try {
    await navigator.clipboard.writeText(location.href);
    $("share").textContent = "Copied";
  } catch {
    $("share").textContent = "Copy it from the address bar";
  }
  setTimeout(() => { $("share").textContent = "Copy link"; }, 2500);
}

onTokenNeeded(askToken);
$("ask").addEventListener("submit", run);
$("rule").addEventListener("change", () => { state.params = []; chosen(); });
$("label").addEventListener("change", () => { $("key").value = ""; offerExamples(); chosen(); });
for (const id of ["key", "at", "explain"]) $(id).addEventListener("change", chosen);
$("param-fields").addEventListener("change", keepAddress);
$("at-latest").addEventListener("click", () => {
  $("at").value = time(state.latest);
  chosen();
});
$("share").addEventListener("click", copyLink);
$("token-open").addEventListener("click", async () => {
  if (await askToken(getToken() ? "This tab has one." : "This tab has none.")) load();
});
addEventListener("hashchange", arrive);
addEventListener("popstate", arrive);
load();
