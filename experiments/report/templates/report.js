// Sorting and filtering of the unit table, and arrow keys between units.  Without it every page still reads whole.
(() => {
  "use strict";
  const table = document.querySelector("table.sortable");
  if (table) {
    const body = table.tBodies[0], rows = [...body.rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const collator = new Intl.Collator(undefined, { numeric: true });
    const cellValue = (row, column, kind) => {
      const cell = row.cells[column], text = cell.dataset.value ?? cell.textContent.trim();
      return kind === "number" ? (text === "" ? NaN : Number(text)) : text;
    };
    const sort = (head, descending) => {
      const { cellIndex: column, dataset: { sort: kind } } = head;
      const compare = kind === "number" ? (a, b) => a - b : collator.compare;
      const keyed = rows.map((row) => [cellValue(row, column, kind), row]);
      keyed.sort(([a], [b]) => Number.isNaN(a) - Number.isNaN(b) || (descending ? compare(b, a) : compare(a, b)) || 0);
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      body.append(...keyed.map(([, row]) => row));
    };
    for (const head of table.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        sort(head, now ? now === "ascending" : head.dataset.sort === "number");
      });
    }
    const input = document.querySelector(".filter input"), output = document.querySelector(".filter output");
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word));
        shown += !row.hidden;
      });
      output.textContent = words.length ? `${shown} of ${rows.length}` : `${rows.length}`;
      document.querySelector(".nothing").hidden = shown > 0;
    };
    const fromAddress = () => {
      if (!location.hash.startsWith("#q=")) return;
      try { input.value = decodeURIComponent(location.hash.slice(3)); } catch { return; }
      filter();
      document.getElementById("units").scrollIntoView();
    };
    input.closest(".filter").hidden = false;
    input.addEventListener("input", () => {
      filter();
      history.replaceState(null, "", input.value ? `#q=${encodeURIComponent(input.value)}` : "#units");
    });
    addEventListener("hashchange", fromAddress);
    fromAddress();
  }
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("input")) return;
    const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    const link = rel && document.querySelector(`nav a[rel=${rel}]`);
    if (link) location.href = link.href;
    if (event.key === "/" && table) {
      event.preventDefault();
      document.querySelector(".filter input").focus();
    }
  });
})();
