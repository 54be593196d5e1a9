"use strict";
// Text of rows is only ever set as text; nothing is fetched, nothing kept.

// ---- Tables that their heads sort ---------------------------------------------------------------
for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const keyOf = (line, column) => {
    const cell = line.cells[column];
    if (!cell.classList.contains("number")) return cell.textContent;
    return cell.dataset.by === undefined ? null : Number(cell.dataset.by);
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const lines = [...body.rows].map((line) => [keyOf(line, column), line]);
      lines.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return a === b ? 0 : a < b ? -sign : sign;
      });
      body.append(...lines.map(([, line]) => line));
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    });
  });
}

// ---- Map and table of rows ----------------------------------------------------------------------
(() => {
  const values = JSON.parse(document.getElementById("values").textContent);
  if (!values.x) return;
  const count = values.x.length;
  const TWIN = 0.95; // cosine from which a row left out counts as a near duplicate of its pick
  const chosen = "rank" in values; // a choice; else rows as they stand in the data
  const isPick = (row) => chosen && row < values.picks;
  const isTwin = (row) =>
    chosen
      ? !isPick(row) && values.near[row] > 0 && values.cosine[row] >= TWIN
      : values.alike[row] > 1;
  const words = (number) => number.toLocaleString("en-US");

  function make(name, attributes = {}, ...parts) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") made.className = value;
      else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value != null) made.setAttribute(key, value);
    }
    made.append(...parts);
    return made;
  }
  const isolated = (text) => make("bdi", { dir: "auto" }, text);

  // What is shown: state that map and table share.
  const shown = { picked: true, left: true, twin: true, row: true, group: -1, words: "", among: null, at: -1 };
  let rows = []; // in the order of the table
  const listeners = [];
  const changed = () => listeners.forEach((one) => one());

  const folded = new Array(count); // texts to search in, made when they are needed
  function holds(row, text) {
    folded[row] ??= `${values.prompt[row]}\n${values.answer[row]}`.toLowerCase();
    return folded[row].includes(text);
  }
  function kindOf(row) {
    return isPick(row) ? "picked" : isTwin(row) ? "twin" : chosen ? "left" : "row";
  }
  const kinds = Array.from({ length: count }, (_, row) => kindOf(row));
  function onMap(row) {
    return shown[kinds[row]] && (shown.group < 0 || values.group[row] === shown.group);
  }

  // ---- Map -------------------------------------------------------------------------------------
  const holder = document.getElementById("map");
  const canvas = make("canvas", {
    tabindex: "0",
    role: "application",
    "aria-label":
      "Map of rows. Arrow keys go to the next row, plus and minus change the size, " +
      "Enter shows the row in the table, Escape lets go.",
    "aria-describedby": "tip",
  });
  const pen = canvas.getContext("2d");
  const tip = make("div", { id: "tip", role: "status", "aria-live": "polite" });
  const view = { scale: 1, x: 0, y: 0 };
  let loop = null; // of the line that encircles rows
  let colours = {};

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["one", "two", "left", "ink", "paper"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }
  const GRID = 4000, EDGE = 14;
  const width = () => canvas.clientWidth;
  const height = () => canvas.clientHeight;
  const across = (row) =>
    EDGE + ((values.x[row] / GRID - view.x) * view.scale) * (width() - 2 * EDGE);
  const down = (row) =>
    EDGE + ((1 - values.y[row] / GRID - view.y) * view.scale) * (height() - 2 * EDGE);

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const w = width(), h = height();
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    const found = shown.among || (shown.words ? new Set(rows) : null);
    const size = Math.min(5, (count > 30000 ? 1.6 : count > 8000 ? 2.2 : 3.4) * Math.sqrt(view.scale));
    const layers = [["left", colours.left, 0.55], ["row", colours.one, 0.6], ["twin", colours.two, 0.7], ["picked", colours.one, 0.9]];
    for (const [kind, colour, strength] of layers) {
      pen.fillStyle = colour;
      for (let row = 0; row < count; row++) {
        if (kinds[row] !== kind || !onMap(row)) continue;
        pen.globalAlpha = found && !found.has(row) ? 0.08 : strength;
        const x = across(row), y = down(row);
        if (x < -5 || y < -5 || x > w + 5 || y > h + 5) continue;
        if (size <= 2) pen.fillRect(x - size / 2, y - size / 2, size, size);
        else {
          pen.beginPath();
          pen.arc(x, y, size / 1.6, 0, 7);
          pen.fill();
        }
      }
    }
    pen.globalAlpha = 1;
    drawNames(w, h);
    if (loop) {
      pen.strokeStyle = colours.two;
      pen.lineWidth = 2;
      pen.beginPath();
      loop.forEach(([x, y], place) => (place ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.stroke();
    }
    if (shown.at >= 0) {
      pen.strokeStyle = colours.ink;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(across(shown.at), down(shown.at), 8, 0, 7);
      pen.stroke();
    }
  }

  // Names of groups at their middles, the largest first; one that would lie on another is left out.
  const middles = values.groups.map(() => [0, 0, 0]);
  for (let row = 0; row < count; row++) {
    const middle = middles[values.group[row]];
    middle[0] += values.x[row];
    middle[1] += values.y[row];
    middle[2] += 1;
  }
  function drawNames(w, h) {
    if (values.groups.length < 2) return;
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.lineWidth = 3;
    pen.lineJoin = "round";
    const taken = [];
    values.groups.forEach((name, group) => {
      if (shown.group >= 0 && shown.group !== group) return;
      const [x, y, n] = middles[group];
      if (!n) return;
      const long = pen.measureText(name).width;
      let left = EDGE + ((x / n / GRID - view.x) * view.scale) * (w - 2 * EDGE);
      const top = EDGE + ((1 - y / n / GRID - view.y) * view.scale) * (h - 2 * EDGE);
      left = Math.min(Math.max(left, long / 2 + 4), w - long / 2 - 4);
      if (top < 10 || top > h - 4 || long > w - 8) return;
      const box = [left - long / 2 - 3, top - 12, left + long / 2 + 3, top + 5];
      const free = taken.every((one) => box[2] < one[0] || box[0] > one[2] || box[3] < one[1] || box[1] > one[3]);
      if (!free) return;
      taken.push(box);
      pen.strokeStyle = colours.paper;
      pen.strokeText(name, left, top);
      pen.fillStyle = colours.ink;
      pen.fillText(name, left, top);
    });
  }

  function reason(row) {
    if (!chosen) return isTwin(row) ? `One of ${words(values.alike[row])} rows that are nearly the same.` : "";
    const near = values.near[row]
      ? ` Nearest ${isPick(row) ? "earlier pick" : "pick"}: rank ${words(values.near[row])}, cosine ${values.cosine[row].toFixed(2)}.`
      : "";
    const why = values.why[row] ? ` ${values.why[row]}` : "";
    if (!isPick(row)) return `${isTwin(row) ? "Left out, a near duplicate." : "Left out."}${near}${why}`;
    const gain = values.gain[row];
    const adds = gain == null ? "" : `, adds ${gain.toFixed(3)}`;
    return `Picked, rank ${words(values.rank[row])}${adds}.${near}${why}`;
  }
  function tell(row) {
    tip.replaceChildren();
    if (row < 0) {
      tip.append(make("p", {}, "Point at a dot, or go through them by the arrow keys."));
      return;
    }
    const file = values.sources[values.source[row]];
    const where = `${file}, row ${values.row[row]}, line ${values.line[row]}`;
    tip.append(
      make("p", {}, isolated(values.prompt[row])),
      make("p", {}, make("small", {}, isolated(values.answer[row]))),
      make("p", {}, make("small", {}, `${reason(row)} ${words(values.tokens[row])} tokens. `, isolated(where))),
    );
  }
  function pointAt(row) {
    if (row === shown.at) return;
    shown.at = row;
    tell(row);
    draw();
  }
  function nearestTo(x, y, within) {
    let best = -1, least = within * within;
    for (let row = 0; row < count; row++) {
      if (!onMap(row)) continue;
      const far = (across(row) - x) ** 2 + (down(row) - y) ** 2;
      if (far < least || (far === least && isPick(row) && !isPick(best))) [best, least] = [row, far];
    }
    return best;
  }
  function towards(dx, dy) {
    if (shown.at < 0) return nearestTo(width() / 2, height() / 2, Infinity);
    const x = across(shown.at), y = down(shown.at);
    let best = shown.at, least = Infinity;
    for (let row = 0; row < count; row++) {
      if (row === shown.at || !onMap(row)) continue;
      const along = (across(row) - x) * dx + (down(row) - y) * dy;
      const aside = Math.abs((across(row) - x) * dy) + Math.abs((down(row) - y) * dx);
      if (along < 2 || aside > along) continue;
      const far = along + 2 * aside;
      if (far < least) [best, least] = [row, far];
    }
    return best;
  }
  function zoom(factor, x = width() / 2, y = height() / 2) {
    const scale = Math.min(60, Math.max(1, view.scale * factor));
    const w = width() - 2 * EDGE, h = height() - 2 * EDGE;
    view.x += (x - EDGE) / w / view.scale - (x - EDGE) / w / scale;
    view.y += (y - EDGE) / h / view.scale - (y - EDGE) / h / scale;
    view.scale = scale;
    const most = 1 - 1 / scale;
    view.x = Math.min(Math.max(view.x, 0), most);
    view.y = Math.min(Math.max(view.y, 0), most);
    draw();
  }
  function inside(x, y) {
    let within = false;
    for (let i = 0, j = loop.length - 1; i < loop.length; j = i++) {
      const [xi, yi] = loop[i], [xj, yj] = loop[j];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
    }
    return within;
  }
  const placeOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    loop = [placeOf(event)];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = placeOf(event);
    if (loop && event.buttons) {
      loop.push([x, y]);
      draw();
    } else pointAt(nearestTo(x, y, 12));
  });
  canvas.addEventListener("pointerup", (event) => {
    const [x, y] = placeOf(event);
    const far = loop && loop.some(([a, b]) => Math.hypot(a - x, b - y) > 6);
    if (far) {
      shown.among = new Set();
      for (let row = 0; row < count; row++) {
        if (onMap(row) && inside(across(row), down(row))) shown.among.add(row);
      }
      loop = null;
      changed();
    } else {
      loop = null;
      const row = nearestTo(x, y, 12);
      pointAt(row);
      if (row >= 0) listRow(row);
    }
  });
  canvas.addEventListener("pointercancel", () => { loop = null; draw(); });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, ...placeOf(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[event.key]) pointAt(towards(...steps[event.key]));
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "Enter" && shown.at >= 0) listRow(shown.at);
    else if (event.key === "Escape") {
      pointAt(-1);
      if (shown.among) { shown.among = null; changed(); }
    } else return;
    event.preventDefault();
  });

  function box(kind, text) {
    const input = make("input", { type: "checkbox", checked: true });
    input.addEventListener("change", () => { shown[kind] = input.checked; changed(); });
    const n = kinds.filter((one) => one === kind).length;
    return make("label", {}, input, make("span", { class: `key ${kind}` }), `${text} (${words(n)})`);
  }
  function button(text, act, attributes = {}) {
    const made = make("button", { type: "button", ...attributes }, text);
    made.addEventListener("click", act);
    return made;
  }
  const groupList = make("select", {}, make("option", { value: "-1" }, "all groups"));
  values.groups.forEach((name, group) =>
    groupList.append(make("option", { value: group }, `${name} (${words(middles[group][2])})`)));
  groupList.addEventListener("change", () => { shown.group = Number(groupList.value); changed(); });
  holder.replaceChildren(
    make("div", { class: "bar-of" },
      ...(chosen
        ? [box("picked", "picked"), box("left", "left out"), box("twin", "left out as near duplicate")]
        : [box("row", "like no other row"), box("twin", "nearly the same as another")]),
      make("label", {}, "group", groupList),
      button("+", () => zoom(1.5), { "aria-label": "larger" }),
      button("\u2212", () => zoom(1 / 1.5), { "aria-label": "smaller" })),
    canvas, tip,
    make("p", {}, make("small", {}, "Draw around rows to list them below. Once the map has been clicked, the wheel makes it larger.")),
  );

  // ---- Table -----------------------------------------------------------------------------------
  const PAGE = 25;
  let page = 0, sorted = { by: chosen ? "rank" : "place", down: false };
  const search = make("input", { type: "search", placeholder: "words in the row" });
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { shown.words = search.value.trim().toLowerCase(); changed(); }, 120);
  });
  const total = make("span", { role: "status", "aria-live": "polite" });
  const free = button("let go of encircled rows", () => { shown.among = null; changed(); });
  const body = make("tbody");
  const COLUMNS = [
    ...(chosen ? [["rank", "rank", (row) => values.rank[row] || Infinity]] : []),
    ["row", "row", null],
    ...(chosen && values.why.some(Boolean) ? [["why", "why", null]] : []),
    ...(chosen
      ? [["adds", "adds", (row) => (isPick(row) ? -(values.gain[row] ?? -1) : Infinity)]]
      : [["alike", "nearly the same", (row) => -values.alike[row]]]),
    ...(values.quality ? [["quality", "log quality", (row) => -(values.quality[row] ?? -Infinity)]] : []),
    ...(chosen
      ? [["near", "nearest pick (cosine)", (row) => (values.near[row] ? -values.cosine[row] : Infinity)]]
      : []),
    ["tokens", "tokens", (row) => -values.tokens[row]],
    ["place", "file and row number", (row) => values.row[row]],
  ];
  const heads = {};
  const head = make("tr");
  for (const [name, text, key] of COLUMNS) {
    const cell = make("th", { scope: "col" });
    if (key) {
      cell.append(button(text, () => {
        sorted = { by: name, down: sorted.by === name && !sorted.down };
        changed();
      }));
      heads[name] = cell;
    } else cell.textContent = text;
    head.append(cell);
  }
  const back = button("previous", () => { page -= 1; fill(); });
  const next = button("next", () => { page += 1; fill(); });
  const which = make("span");
  document.getElementById("rows").replaceChildren(
    make("div", { class: "bar-of" }, make("label", {}, "search", search), total, free),
    make("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "rows" },
      make("table", {}, make("thead", {}, head), body)),
    make("div", { class: "bar-of" }, back, which, next),
  );

  function list() {
    rows = [];
    for (let row = 0; row < count; row++) {
      if (!onMap(row)) continue;
      if (shown.among && !shown.among.has(row)) continue;
      if (shown.words && !holds(row, shown.words)) continue;
      rows.push(row);
    }
    const key = COLUMNS.find(([name]) => name === sorted.by)[2];
    const keys = new Map(rows.map((row) => [row, key(row)]));
    const sign = sorted.down ? -1 : 1;
    rows.sort((a, b) => {
      const one = keys.get(a), other = keys.get(b);
      return one === other ? a - b : one < other ? -sign : sign;
    });
    page = 0;
    for (const [name, cell] of Object.entries(heads)) {
      if (name === sorted.by) cell.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
  }
  function fill() {
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    body.replaceChildren(...rows.slice(page * PAGE, (page + 1) * PAGE).map(line));
    total.textContent = rows.length === 1 ? "1 row" : `${words(rows.length)} rows`;
    which.textContent = `page ${words(page + 1)} of ${words(pages)}`;
    back.disabled = page === 0;
    next.disabled = page >= pages - 1;
    free.hidden = !shown.among;
  }
  function cellsOf(row) {
    const tokens = words(values.tokens[row]);
    if (!chosen) return { alike: isTwin(row) ? words(values.alike[row]) : "-", tokens };
    const gain = isPick(row) ? values.gain[row] : null;
    const near = values.near[row] ? `${words(values.near[row])} (${values.cosine[row].toFixed(2)})` : "-";
    return {
      rank: isPick(row) ? words(values.rank[row]) : isTwin(row) ? "repeats" : "left out",
      adds: gain == null ? "-" : gain.toFixed(3),
      quality: values.quality && values.quality[row] != null ? values.quality[row].toFixed(2) : "-",
      near,
      tokens,
    };
  }
  function line(row) {
    const place = `${values.sources[values.source[row]]} ${values.row[row]}`;
    const cells = cellsOf(row);
    const made = make("tr", { "aria-selected": row === shown.at ? "true" : "false" });
    for (const [name] of COLUMNS) {
      if (name === "row") {
        made.append(make("td", { class: "text" }, isolated(values.prompt[row]),
          make("small", {}, isolated(values.answer[row]))));
      } else if (name === "why") made.append(make("td", { class: "text" }, make("small", {}, values.why[row])));
      else if (name === "place") made.append(make("td", {}, isolated(place)));
      else made.append(make("td", {}, cells[name]));
    }
    made.addEventListener("click", () => {
      pointAt(row);
      body.querySelectorAll("tr").forEach((one) => one.setAttribute("aria-selected", String(one === made)));
    });
    return made;
  }
  function listRow(row) {
    const place = rows.indexOf(row);
    if (place < 0) return;
    page = Math.floor(place / PAGE);
    fill();
    body.children[place % PAGE].scrollIntoView({ block: "nearest" });
  }

  listeners.push(list, fill, draw);
  function resize() {
    canvas.style.height = `${Math.round(Math.min(520, Math.max(280, canvas.clientWidth * 0.55)))}px`;
    draw();
  }
  readColours();
  tell(-1);
  list();
  fill();
  resize();
  new ResizeObserver(resize).observe(holder);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); draw(); });
})();
