// Only makes the search quicker: a choice sends the form at once, and subjects are offered while one types.
(() => {
  const form = document.getElementById("find"), input = document.getElementById("q");
  const filters = document.getElementById("filters"), busy = document.getElementById("busy");
  const said = form.dataset, wide = matchMedia("(min-width: 960px)");
  let timer, sending;

  if (filters) {
    if (wide.matches) filters.open = true;
    const back = location.hash && document.getElementById(location.hash.slice(1));
    if (back && filters.contains(back)) {
      filters.open = true;
      back.focus();
    }
    busy.textContent = said.hint;
    filters.addEventListener("change", (event) => {
      clearTimeout(sending);
      busy.textContent = said.busy;
      form.setAttribute("action", form.getAttribute("action").split("#")[0] + "#" + event.target.id);
      if (event.target.type === "checkbox") sending = setTimeout(() => form.requestSubmit(), 700);
    });
  }
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });

  const list = document.createElement("ul");
  let shown = [], at = -1, asked;
  list.id = "offered";
  list.className = "offered";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", said.subjects);
  list.hidden = true;
  input.after(list);
  const state = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
  for (const name in state) input.setAttribute(name, state[name]);

  const mark = (to) => {
    at = to;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", place === at));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const show = (items) => {
    shown = items;
    list.replaceChildren(...items.map((one, place) => {
      const item = document.createElement("li"), note = document.createElement("small");
      item.id = "offered-" + place;
      item.setAttribute("role", "option");
      item.lang = one.lang;
      item.textContent = one.label + " ";
      note.textContent = one.scheme;
      item.append(note);
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(place); });
      return item;
    }));
    list.hidden = !items.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(-1);
  };
  const choose = (place) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "concept", value: shown[place].concept });
    form.append(field);
    input.value = "";
    show([]);
    form.requestSubmit();
  };
  const ask = async () => {
    const typed = input.value.trim(), lang = document.documentElement.lang;
    if (asked) asked.abort();
    if (typed.length < (/[\u3040-\u9fff]/.test(typed) ? 1 : 2) || typed.length > 100) return show([]);
    asked = new AbortController();
    try {
      const query = new URLSearchParams({ q: typed, lang });
      const answer = await fetch(said.suggest + "?" + query, { signal: asked.signal });
      if (answer.ok && document.activeElement === input) show(await answer.json());
    } catch { /* typing goes on without help */ }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 200); });
  input.addEventListener("blur", () => show([]));
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark((at + step + (at < 0 && step < 0 ? 1 : 0) + shown.length) % shown.length);
    else if (event.key === "Enter" && at >= 0) choose(at);
    else if (event.key === "Escape") show([]);
    else return;
    event.preventDefault();
  });
})();
