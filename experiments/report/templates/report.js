// Sorting and filtering of tables, the units in portions, and arrow keys between pages.  Without it every page still reads whole.
(() => {
  "use strict";
  const collator = new Intl.Collator(undefined, { numeric: true });
  const cellValue = (row, column, kind) => {
    const cell = row.cells[column], text = cell.dataset.value ?? cell.textContent.trim();
    return kind === "number" ? (text === "" ? NaN : Number(text)) : text;
  };
  const sort = (table, rows, head, descending) => {
    const { cellIndex: column, dataset: { sort: kind } } = head;
    const compare = kind === "number" ? (a, b) => a - b : collator.compare;
    const keyed = rows.map((row) => [cellValue(row, column, kind), row]);
    keyed.sort(([a], [b]) => Number.isNaN(a) - Number.isNaN(b) || (descending ? compare(b, a) : compare(a, b)) || 0);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    table.tBodies[0].append(...keyed.map(([, row]) => row));
    table.dispatchEvent(new Event("sorted"));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const rows = [...table.tBodies[0].rows];
    for (const head of table.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        sort(table, rows, head, now ? now === "ascending" : head.dataset.sort === "number");
      });
    }
  }
  const form = document.querySelector("form.filter");
  if (form) {
    const table = document.querySelector("table.units"), rows = [...table.tBodies[0].rows], left = new Set(rows);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const turn = document.querySelector(".turn"), [before, next, all] = turn.querySelectorAll("button");
    let portion = 50, first = 0;
    const show = () => {
      const fitting = [...table.tBodies[0].rows].filter((row) => left.has(row));
      const shown = new Set(fitting.slice(first, first + portion));
      for (const row of rows) row.hidden = !shown.has(row);
      turn.hidden = fitting.length <= portion;
      before.disabled = first === 0;
      next.disabled = first + portion >= fitting.length;
      turn.querySelector("output").textContent = `${first + 1} to ${Math.min(first + portion, fitting.length)} of ${fitting.length}`;
    };
    table.addEventListener("sorted", () => { first = 0; show(); });
    turn.addEventListener("click", (event) => {
      if (!event.target.dataset.turn) return;
      if (event.target === all) portion = Infinity;
      first = event.target === all ? 0 : first + Number(event.target.dataset.turn) * portion;
      show();
      document.getElementById("units").scrollIntoView();
    });
    const input = form.querySelector("[type=search]"), output = form.querySelector("output");
    const choices = [...form.querySelectorAll("[data-cell]")];
    const fits = (row, choice) => {
      const cell = row.querySelector(`td.${choice.dataset.cell}`);
      return [...cell.children].some((part) => part.textContent === choice.value);
    };
    const [from, to] = ["from", "to"].map((end) => form.querySelector(`[data-end=${end}]`)), by = form.querySelector(".range select");
    const isWithin = (row) => {
      if (from.value === "" && to.value === "") return true;
      const value = row.querySelector(`td.${by.value}`).dataset.value;
      return Boolean(value) && (from.value === "" || Number(value) >= Number(from.value)) && (to.value === "" || Number(value) <= Number(to.value));
    };
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const chosen = choices.filter((choice) => choice.value !== "");
      left.clear();
      rows.forEach((row, i) => {
        if (words.every((word) => texts[i].includes(word)) && chosen.every((choice) => fits(row, choice)) && isWithin(row)) left.add(row);
      });
      first = 0;
      show();
      output.textContent = left.size < rows.length ? `${left.size} of ${rows.length}` : `${rows.length} unit${rows.length === 1 ? "" : "s"}`;
      document.querySelector(".nothing").hidden = left.size > 0;
    };
    const fromAddress = () => {
      if (!location.hash.startsWith("#q=")) return;
      try { input.value = decodeURIComponent(location.hash.slice(3)); } catch { return; }
      filter();
      document.getElementById("units").scrollIntoView();
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      filter();
      history.replaceState(null, "", input.value ? `#q=${encodeURIComponent(input.value)}` : "#units");
    });
    addEventListener("hashchange", fromAddress);
    filter();
    fromAddress();
  }
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("input, select, .scroll")) return;
    const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    const link = rel && [...document.querySelectorAll(`nav a[rel=${rel}]`)].find((each) => each.offsetParent);
    if (link) location.href = link.href;
    if (event.key === "/" && form) {
      event.preventDefault();
      form.querySelector("[type=search]").focus();
    }
  });
})();
