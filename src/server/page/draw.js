/* The neighbourhood of a node, drawn: who sends on the left, who receives on the right.
 *
 * Edges of one type and direction between the same two nodes become one line, as wide as what
 * they add up to.  Which nodes are drawn and where depends on the edges alone, never on when
 * they came: the largest sums first, then the most edges, then names.  So the same node looks
 * the same each time, and what is left out is the least of it, and is counted.
 *
 * A neighbour is a link to the page with that neighbour for its subject: it is reached by the
 * keyboard, and opens elsewhere, as links are and do. */
import { draw, make, amount, count, long, short, plain, time, value } from "./text.js";

const WIDE = 460;     /* narrower drawings have their names above the lines */
const AT_FIRST = 9;   /* on each side */
const AT_MOST = 40;

export const nameOf = (node) => node ? node.label + ":" + node.key : "(hidden)";

/* The property whose sum says how much an edge type moves; null: its edges are counted. */
export function measureOf(type) {
  const numbers = (type?.properties || []).filter((p) => (p.type === "float64" || p.type === "int64") && !p.mask);
  const telling = numbers.find((p) => /amount|value|total|sum|price/i.test(p.name));
  return (telling || numbers.find((p) => p.type === "float64"))?.name || null;
}

const order = (a, b) => a < b ? -1 : a > b ? 1 : 0;

/* Lines and neighbours of the edges of one page (GET .../neighbourhood). */
export function gather(subject, edges, types) {
  const measures = new Map(types.map((type) => [type.type, measureOf(type)]));
  const self = nameOf(subject);
  const neighbours = new Map();
  const loops = [];
  for (const edge of edges) {
    const name = nameOf(edge.node);
    const neighbour = neighbours.get(name) || { name, node: edge.node, lines: new Map() };
    const key = edge.direction + " " + edge.type;
    const line = neighbour.lines.get(key)
      || { type: edge.type, direction: edge.direction, edges: 0, sum: 0, measure: measures.get(edge.type), newest: null };
    const moved = line.measure ? edge.properties?.[line.measure] : null;
    line.edges++;
    if (typeof moved === "number") line.sum += moved;
    if (typeof edge.time === "number" && (line.newest === null || edge.time > line.newest)) line.newest = edge.time;
    neighbour.lines.set(key, line);
    neighbours.set(name, neighbour);
  }
  const sides = { incoming: [], outgoing: [] };
  for (const neighbour of neighbours.values()) {
    const lines = [...neighbour.lines.values()].sort((a, b) => order(a.type, b.type) || order(a.direction, b.direction));
    if (neighbour.name === self) {
      loops.push(...lines);
      continue;
    }
    const of = (direction, what) => lines.filter((l) => l.direction === direction).reduce((sum, l) => sum + l[what], 0);
    const back = of("incoming", "sum") - of("outgoing", "sum") || of("incoming", "edges") - of("outgoing", "edges");
    const side = back > 0 ? "incoming" : back < 0 ? "outgoing" : lines[0].direction;
    sides[side].push({
      ...neighbour, lines, side,
      sum: lines.reduce((sum, l) => sum + l.sum, 0), edges: lines.reduce((sum, l) => sum + l.edges, 0),
    });
  }
  for (const side of Object.values(sides))
    side.sort((a, b) => b.sum - a.sum || b.edges - a.edges || order(a.name, b.name));
  return { subject, sides, loops };
}

const many = (number, one, more) => count(number) + " " + (number === 1 ? one : more);

function saidOf(line) {
  const sum = line.measure && line.sum ? line.measure + " " + amount(line.sum) + " in " : "";
  return (line.direction === "incoming" ? "from it " : "to it ") + sum + many(line.edges, line.type, line.type + "s");
}

function labelOf(line) {
  if (line.measure && line.sum) return amount(line.sum) + (line.edges > 1 ? " in " + count(line.edges) : "");
  return line.edges > 1 ? line.type + " × " + count(line.edges) : line.type;
}

/* How the drawing lies on paper of `width`. */
function place(gathered, width, most) {
  const compact = width < WIDE;
  const shown = { incoming: gathered.sides.incoming.slice(0, most), outgoing: gathered.sides.outgoing.slice(0, most) };
  const row = compact ? 50 : 42;
  const rows = Math.max(shown.incoming.length, shown.outgoing.length, 3);
  const height = rows * row + 30;
  const centre = { x: width / 2, y: height / 2 };
  const edge = compact ? 14 : Math.min(210, width * 0.34);
  const nodes = [];
  for (const [side, list] of Object.entries(shown))
    list.forEach((neighbour, i) => {
      const turn = list.length > 1 ? (2 * i) / (list.length - 1) - 1 : 0;
      const bend = compact ? 0 : 26 * (1 - turn * turn);
      const x = edge - bend;
      nodes.push({
        ...neighbour, turn, y: centre.y + (i - (list.length - 1) / 2) * row,
        x: side === "incoming" ? x : width - x,
      });
    });
  /* characters of the subject's own name that fit between the sides */
  const room = Math.max(12, Math.floor((width - 2 * edge + (compact ? -90 : 20)) / 8));
  return { compact, height, centre, nodes, room, radius: compact ? 17 : 24 };
}

function lineWidth(line, largest) {
  const share = line.measure && line.sum ? line.sum / largest.sum : line.edges / largest.edges;
  return 1.2 + 5 * Math.sqrt(Math.max(0, Math.min(1, share)));
}

function drawLines(node, plan, largest, colours) {
  const parts = [];
  const out = node.side === "incoming" ? 1 : -1; /* towards the centre */
  node.lines.forEach((line, i) => {
    const shift = (i - (node.lines.length - 1) / 2) * 9;
    const width = lineWidth(line, largest);
    const gap = line.direction === "outgoing" ? 10 + headSize(width) : 10;
    const from = { x: node.x + out * gap, y: node.y + shift * 0.6 };
    const lift = Math.max(-0.85, Math.min(0.85, node.turn * 0.8 + shift / 60)) * plan.radius;
    const to = {
      x: plan.centre.x - out * (Math.sqrt(plan.radius ** 2 - lift ** 2) + 6 + width / 2), y: plan.centre.y + lift,
    };
    const reach = (to.x - from.x) * 0.55;
    const [a, b, ra, rb] = line.direction === node.side && node.side === "incoming" ? [from, to, reach, -reach]
      : line.direction === "outgoing" && node.side === "outgoing" ? [to, from, -reach, reach]
        : line.direction === "incoming" ? [from, to, reach, -reach] : [to, from, -reach, reach];
    const colour = colours.get(line.type);
    parts.push(draw("path", {
      class: "flow t" + colour, "stroke-width": width.toFixed(2),
      d: `M${a.x.toFixed(1)} ${a.y.toFixed(1)} C${(a.x + ra).toFixed(1)} ${a.y.toFixed(1)} ${(b.x + rb).toFixed(1)} ${b.y.toFixed(1)} ${b.x.toFixed(1)} ${b.y.toFixed(1)}`,
    }), arrow(a, b, rb, width, colour));
  });
  return parts;
}

const headSize = (width) => 4.5 + width * 0.9;

/* A head whose point is where the line ends, for lines of all widths. */
function arrow(from, to, reach, width, colour) {
  const size = headSize(width);
  const way = Math.sign(-reach) || 1;
  const x = to.x + way * size * 0.9;
  return draw("path", {
    class: "head t" + colour,
    d: `M${x.toFixed(1)} ${to.y.toFixed(1)} L${(x - way * size * 1.5).toFixed(1)} ${(to.y - size * 0.75).toFixed(1)} L${(x - way * size * 1.5).toFixed(1)} ${(to.y + size * 0.75).toFixed(1)} Z`,
  });
}

/* Where there is little room a neighbour of the subject's own label goes by its key. */
function drawNode(node, plan, link, subject) {
  const left = node.side === "incoming";
  const bare = plan.compact && node.node && node.node.label === subject.label ? node.node.key : node.name;
  const said = plain(node.name) + ": " + node.lines.map(saidOf).join(", ");
  const name = short(bare, plan.compact ? 15 : 21);
  const sums = short(node.lines.map(labelOf).join(" / "), plan.compact ? 15 : 24);
  const to = left ? 1 : -1;
  const text = plan.compact
    ? [draw("text", { class: "name", x: node.x - to * 8, y: node.y - 13, "text-anchor": left ? "start" : "end" }, name),
      draw("text", { class: "sum", x: node.x - to * 8, y: node.y + 22, "text-anchor": left ? "start" : "end" }, sums)]
    : [draw("text", { class: "name", x: node.x - to * 14, y: node.y - 1, "text-anchor": left ? "end" : "start" }, name),
      draw("text", { class: "sum", x: node.x - to * 14, y: node.y + 14, "text-anchor": left ? "end" : "start" }, sums)];
  const body = [draw("title", {}, said), draw("circle", { class: "node", cx: node.x, cy: node.y, r: 8 }), text];
  if (!node.node) return draw("g", { class: "hidden-node" }, body);
  return draw("a", { href: link(node.node), class: "neighbour", "aria-label": said + ". Make it the subject." },
    draw("rect", {
      class: "touch", x: plan.compact ? (left ? 0 : node.x - 116) : (left ? 0 : node.x - 12), y: node.y - 21,
      width: plan.compact ? 130 : (left ? node.x + 12 : 220), height: 42, rx: 6,
    }), body);
}

function drawSubject(plan, gathered) {
  const { centre, radius } = plan;
  const name = short(plan.compact ? gathered.subject.key : nameOf(gathered.subject), plan.room);
  return draw("g", { class: "subject" },
    draw("circle", { cx: centre.x, cy: centre.y, r: radius }),
    draw("text", { class: "initial", x: centre.x, y: centre.y + 6, "text-anchor": "middle" }, Array.from(plain(gathered.subject.label))[0]),
    draw("text", { class: "name", x: centre.x, y: centre.y + radius + 18, "text-anchor": "middle" }, name),
    gathered.loops.length
      ? draw("text", { class: "sum", x: centre.x, y: centre.y - radius - 8, "text-anchor": "middle" },
        "itself: " + gathered.loops.map(labelOf).join(", ")) : null);
}

function table(gathered, link) {
  const all = [...gathered.sides.incoming, ...gathered.sides.outgoing];
  const rows = all.flatMap((neighbour) => neighbour.lines.map((line) => make("tr", {},
    make("td", { class: "key" }, neighbour.node ? make("a", { href: link(neighbour.node) }, neighbour.name) : neighbour.name),
    make("td", {}, line.direction === "incoming" ? "comes from" : "goes to"),
    make("td", {}, line.type), make("td", { class: "n" }, count(line.edges)),
    make("td", { class: "n" }, line.measure && line.sum ? amount(line.sum) : ""),
    make("td", {}, line.newest === null ? "" : time(line.newest)))));
  return make("details", {}, make("summary", {}, "As a table"),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Neighbours as a table" },
      make("table", {}, make("thead", {}, make("tr", {}, ["Node", "Direction", "Edge", ">Number", ">Amount", "Newest"]
        .map((head) => make("th", { scope: "col", class: head[0] === ">" ? "n" : null }, head.replace(">", ""))))), make("tbody", {}, rows.slice(0, 500)))));
}

/* What is known of the node itself; `label` is its label's part of the schema. */
function facts(node, label) {
  const types = new Map((label?.properties || []).map((of) => [of.name, of.type]));
  const known = Object.entries(node?.properties || {}).filter(([, of]) => of !== null);
  const shown = (name, of) => types.get(name) === "timestamp" && typeof of === "number" ? time(of)
    : typeof of === "boolean" ? (of ? "yes" : "no") : value(of);
  return known.length ? make("dl", { class: "facts-of-node", id: "node-facts" }, known.slice(0, 40).map(([name, of]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, long(shown(name, of), 120))))) : null;
}

/* The whole of it into `into`.  `note` says what the edges are; `link(node)` is a node's page;
 * `node` is the subject with its properties, where they are known. */
export function drawNeighbourhood(into, gathered, note, link, node, label) {
  const { incoming, outgoing } = gathered.sides;
  const kinds = [...new Set([...incoming, ...outgoing].flatMap((n) => n.lines.map((l) => l.type)))].sort(order);
  const colours = new Map(kinds.map((kind, i) => [kind, i % 6]));
  const largest = { sum: 0, edges: 0 };
  for (const line of [...incoming, ...outgoing].flatMap((n) => n.lines)) {
    largest.sum = Math.max(largest.sum, line.sum);
    largest.edges = Math.max(largest.edges, line.edges);
  }
  let most = AT_FIRST;
  const paper = make("div", { class: "paper" });
  const legend = make("p", { class: "legend" }, kinds.map((kind) =>
    make("span", {}, make("i", { class: "t" + colours.get(kind) }), kind)));
  const rest = make("p", { class: "hint" });
  const more = make("button", { type: "button", class: "quiet", id: "draw-more" }, "Draw more");
  const lay = () => {
    const width = Math.max(280, Math.floor(paper.clientWidth || 700));
    const plan = place(gathered, width, most);
    const label = "Neighbourhood of " + nameOf(gathered.subject) + ": " + many(incoming.length, "node sends", "nodes send")
      + " to it, " + many(outgoing.length, "receives", "receive") + " from it";
    const hidden = Math.max(0, incoming.length - most) + Math.max(0, outgoing.length - most);
    paper.replaceChildren(draw("svg", {
      viewBox: `0 0 ${width} ${plan.height}`, width, height: plan.height, role: "group", "aria-label": label,
    }, plan.nodes.flatMap((node) => drawLines(node, plan, largest, colours)), drawSubject(plan, gathered),
    plan.nodes.map((node) => drawNode(node, plan, link, gathered.subject))));
    rest.replaceChildren(plain(note + (hidden ? " " + many(hidden, "smaller neighbour is", "smaller neighbours are") + " not drawn." : "")));
    more.hidden = !hidden || most >= AT_MOST;
  };
  more.addEventListener("click", () => { most = AT_MOST; lay(); });
  const own = facts(node, label);
  into.replaceChildren(...(own ? [own] : []), ...(incoming.length || outgoing.length ? [
    make("p", { class: "sides", "aria-hidden": "true" }, make("span", {}, "sends to it"), make("span", {}, "receives from it")),
    paper, legend, rest, more, table(gathered, link)] : [make("p", { class: "empty" }, "No edges. ", plain(note))]));
  if (incoming.length || outgoing.length) {
    lay();
    let last = paper.clientWidth;
    new ResizeObserver(() => {
      if (paper.isConnected && paper.clientWidth !== last) { last = paper.clientWidth; lay(); }
    }).observe(paper);
  }
}
