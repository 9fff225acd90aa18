// The round in a dead spot: what could not be sent waits in this browser and goes out in order, each thing once.
// And the keys of a desk. Every page of the round works without this file.
(() => {
  "use strict";
  const words = document.currentScript.dataset;
  const all = (css, root = document) => [...root.querySelectorAll(css)];
  const path = (url) => { const at = new URL(url, location.href); return at.pathname + at.search; };
  const ROUND = /^\/patrols\/drafts\/\d+(?=\/|$|\?)/;
  const FRESH = 15 * 60 * 1000; // a page kept for the dead spot is asked for again after so long
  let database = null;
  let waiting = 0, refused = 0, sending = false, keeping = "";

  // --- What this browser keeps: the queue, and the pages of the round
  const opening = indexedDB.open("duban-round", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("queue", { keyPath: "id", autoIncrement: true });
    opening.result.createObjectStore("pages", { keyPath: "url" });
  };
  const use = (store, mode, what) => new Promise((resolve, reject) => {
    const change = database.transaction(store, mode);
    const asked = what(change.objectStore(store));
    change.oncomplete = () => resolve(asked.result);
    change.onerror = change.onabort = () => reject(change.error);
  });
  const keep = (store, value) => use(store, "readwrite", (rows) => rows.put(value));
  const queued = async () => (await use("queue", "readonly", (rows) => rows.getAll()))
    .filter((entry) => !user() || entry.user === user());
  const drop = (id) => use("queue", "readwrite", (rows) => rows.delete(id));
  const user = () => (document.querySelector("[data-queue]") || { dataset: {} }).dataset.queue || words.user;

  // --- What the inspector sees of it
  const bar = Object.assign(document.createElement("div"), { className: "net queue-bar k-due_soon", hidden: true });
  bar.setAttribute("role", "status");
  const say = (text) => {
    bar.textContent = text;
    bar.hidden = !text;
  };
  const count = async () => {
    const entries = await queued();
    refused = entries.filter((entry) => entry.refused).length;
    waiting = entries.length - refused;
    say([waiting && words.waiting.replace("{n}", waiting), refused && words.refused.replace("{n}", refused)]
      .filter(Boolean).join(" · "));
    if (!refused) return;
    const look = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: words.look });
    look.addEventListener("click", async () => {
      const entry = (await queued()).find((one) => one.refused);
      if (entry) swap(entry.refused, location.href);
    });
    bar.append(" ", look);
  };

  // --- Pages: shown in place, so that the walk goes on where a page cannot be fetched
  const page = (html) => new DOMParser().parseFromString(html, "text/html");
  const swap = (html, url, push = true) => {
    const found = page(html), main = document.getElementById("main");
    main.innerHTML = found.getElementById("main").innerHTML;
    document.title = found.title;
    if (push && path(url) !== path(location.href)) history.pushState({}, "", path(url));
    scrollTo(0, 0);
    document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: main } }));
    const errors = main.querySelector(".errors");
    (errors || main).focus({ preventScroll: true });
  };
  const fetched = async (url, patience = 8000) => {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(patience) });
      return answer.ok ? { url: answer.url, html: await answer.text() } : { url: answer.url, failed: answer.status };
    } catch {
      return null;
    }
  };
  const go = async (url, { push = true, item = "" } = {}) => {
    if (!ROUND.test(path(url))) return location.assign(url);
    const found = navigator.onLine ? await fetched(url) : null;
    if (found && (found.failed || !ROUND.test(path(found.url)))) return location.assign(url);
    if (found) {
      swap(found.html, found.url, push);
      return keep("pages", { url: path(found.url), html: found.html, at: Date.now() });
    }
    const kept = await use("pages", "readonly", (rows) => rows.get(path(url)));
    if (!kept) return say(words.missing);
    swap(kept.html, url, push);
    await refresh(item);
    return count();
  };
  const hex = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  const now = () => {
    const at = new Date();
    return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  };
  const notes = (form) => path(form.dataset.findings || "").replace(/\/new$/, ""); // where its findings are sent
  // A page from the store is as old as its fetching: what was entered since is put back into it.
  const refresh = async (item) => {
    const form = document.querySelector("form[data-queue]");
    if (!form) return;
    const key = form.elements.form_key;
    if (key && !/\/findings\/f\d+$/.test(form.action)) key.value = hex();
    if (form.elements.occurred_at && key) form.elements.occurred_at.value = now();
    if (item && form.elements.item) form.elements.item.value = item;
    for (const entry of await queued()) {
      if (entry.url === path(form.action) && !key) {
        entry.fields.forEach(([name, value]) => all(`input[name="${CSS.escape(name)}"]`, form)
          .filter((el) => el.type === "radio").forEach((el) => { el.checked = el.value === value; }));
      } else if (entry.url === notes(form)) {
        const code = (entry.fields.find(([name]) => name === "item") || [])[1];
        all(`input[name="answer-${CSS.escape(code || "")}"][value="finding"]`, form).forEach((el) => { el.checked = true; });
      }
    }
  };
  const keepRound = async () => {
    const round = (location.pathname.match(ROUND) || [])[0];
    if (!round || keeping === round || !navigator.onLine) return;
    keeping = round;
    const overview = await fetched(round);
    if (!overview || overview.failed) { keeping = ""; return; }
    await keep("pages", { url: round, html: overview.html, at: Date.now() });
    const points = all("a.point", page(overview.html)).map((a) => a.getAttribute("href"));
    for (const url of points.flatMap((point) => [point, `${point}/findings/new`])) {
      const kept = await use("pages", "readonly", (rows) => rows.get(url));
      if (kept && Date.now() - kept.at < FRESH) continue;
      const found = await fetched(url);
      if (!found) { keeping = ""; return; }
      if (!found.failed) await keep("pages", { url, html: found.html, at: Date.now() });
    }
  };

  // --- Sending
  const token = async () => {
    const found = await fetched("/patrols/new");
    if (!found || found.failed) return null;
    const form = page(found.html).querySelector("form.patrol-form");
    return form && { value: form.elements.csrf_token.value, user: form.dataset.user };
  };
  const post = (entry) => {
    const body = new FormData();
    entry.fields.forEach(([name, value]) => (value instanceof Blob ? body.append(name, value, value.name) : body.append(name, value)));
    const patience = entry.fields.some(([, value]) => value instanceof Blob) ? 90000 : 15000;
    return fetch(entry.url, { method: "POST", body, headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(patience) });
  };
  const renew = (entry, value) => {
    entry.fields = entry.fields.map((field) => (field[0] === "csrf_token" ? ["csrf_token", value] : field));
  };
  // Returns {go} where it was taken, {html} where it was refused, {sign} where nobody is signed in, null without a line.
  const send = async (entry) => {
    try {
      let answer = await post(entry);
      if (answer.status === 400) {
        const fresh = await token();
        if (!fresh) return null;
        renew(entry, fresh.value);
        answer = await post(entry);
      }
      const next = answer.headers.get("HX-Redirect");
      if (next) return path(next).startsWith("/sign-in") ? { sign: next } : { go: next };
      return answer.status >= 500 ? null : { html: await answer.text() };
    } catch {
      return null;
    }
  };
  const flush = async () => {
    if (sending || !waiting || !navigator.onLine) return;
    sending = true;
    try {
      const fresh = await token();
      if (!fresh) return;
      for (const entry of await queued()) {
        if (entry.refused || entry.user !== fresh.user) continue;
        renew(entry, fresh.value);
        const answer = await send(entry);
        if (!answer || answer.sign) break;
        await (answer.html ? keep("queue", { ...entry, refused: answer.html }) : drop(entry.id));
        await count();
      }
    } finally {
      sending = false;
    }
    if (!waiting && !refused && ROUND.test(location.pathname) && !document.querySelector("#finding-form")) {
      await go(location.href, { push: false });
    }
  };

  const take = async (form, submitter) => {
    const fields = [...new FormData(form, submitter)].filter(([, value]) => !(value instanceof File) || value.name);
    const given = Object.fromEntries(fields);
    const entry = { user: form.dataset.queue, url: path(form.action), key: given.form_key || path(form.action), fields };
    for (const old of await queued()) if (old.refused && old.key === entry.key) await drop(old.id);
    await count();
    if (!waiting && navigator.onLine) {
      const answer = await send(entry);
      if (answer && answer.go) return go(answer.go);
      if (answer && answer.html) return swap(answer.html, location.href, false);
      if (answer) { await keep("queue", entry); return location.assign(answer.sign); }
    }
    await keep("queue", entry);
    await count();
    const found = new Set((form.dataset.found || "").split(" "));
    (await queued()).filter((one) => one.url === notes(form))
      .forEach((one) => found.add(Object.fromEntries(one.fields).item));
    const code = given.then || Object.keys(given)
      .filter((name) => name.startsWith("answer-") && given[name] === "finding")
      .map((name) => name.slice(7)).find((name) => !found.has(name));
    await go(code && form.dataset.findings ? form.dataset.findings : form.dataset.next, { item: code });
    return flush();
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!database) return;
    if (form.dataset.afterQueue && waiting + refused) {
      event.preventDefault();
      event.stopImmediatePropagation();
      say(form.dataset.afterQueue);
      flush();
    } else if (form.dataset.queue) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (form.dataset.sending) return;
      form.dataset.sending = 1;
      take(form, event.submitter).catch(() => say(words.failed)).finally(() => delete form.dataset.sending);
    }
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("#main a[href]");
    if (!database || !link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (!ROUND.test(path(link.href)) || path(link.href).includes("/files/")) return;
    event.preventDefault();
    go(link.href);
  });
  addEventListener("popstate", () => { if (database) go(location.href, { push: false }); });
  addEventListener("online", flush);
  setInterval(() => { if (database) flush(); }, 20000);
  opening.onsuccess = async () => {
    database = opening.result;
    document.body.append(bar);
    document.body.classList.add("keeps-answers");
    await count();
    await flush();
    await keepRound();
  };

  // --- Keys of a desk: 1, 2, 3 answer, Enter goes to the next item, n notes a finding
  let last = null;
  const unanswered = (set) => !set.querySelector("input:checked");
  document.addEventListener("keydown", (event) => {
    const form = document.getElementById("point-answers"), at = event.target;
    if (!form || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (at.matches("textarea, select, input:not([type=radio])")) return;
    const sets = all("fieldset.answer", form);
    if (last && !form.contains(last)) last = null;
    const here = at.closest("fieldset.answer") || last || sets.find(unanswered) || sets[0];
    if (!here) return;
    if ("123".includes(event.key)) {
      const radio = all("input[type=radio]", here)[Number(event.key) - 1];
      if (!radio) return;
      radio.checked = true;
      radio.focus();
      last = here;
    } else if (event.key === "Enter" && !at.matches("a, button, summary")) {
      const next = sets.slice(sets.indexOf(here) + 1).find(unanswered) || sets.find(unanswered);
      if (next) { next.querySelector("input").focus(); last = next; } else form.requestSubmit(form.querySelector("[data-plain]"));
    } else if (event.key === "n") {
      const note = here.querySelector("button[name=then]");
      if (!note) return;
      all("input[type=radio]", here)[1].checked = true;
      form.requestSubmit(note);
    } else {
      return;
    }
    event.preventDefault();
  });
})();
