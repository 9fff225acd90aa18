// Habits of the keyboard, dates, photos and forms. Every page works without this file.
(() => {
  "use strict";
  const all = (css, root = document) => [...root.querySelectorAll(css)];
  const visible = (el) => el.getClientRects().length > 0;
  const net = document.getElementById("net");
  const keys = document.getElementById("keys");

  // --- Keys
  let afterG = 0;
  const press = (form) => form.requestSubmit([...form.elements].find((el) => el.type === "submit" && !el.disabled));
  const moveOn = (form, from) => {
    const stops = [...form.elements].filter((el) =>
      el.tabIndex >= 0 && !el.disabled && el.type !== "hidden" && el.tagName !== "FIELDSET" && visible(el) &&
      (el === from || !from.name || el.name !== from.name));
    const next = stops[stops.indexOf(from) + 1];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    const { target: at, key } = event;
    if (event.isComposing || event.keyCode === 229) return; // Enter that picks a pinyin candidate
    const form = at.form;
    if (key === "Enter" && form && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      tidyDate(at);
      press(form);
    } else if (key === "Enter" && form && form.matches("[data-entry]") && at.matches("input, select") &&
        !at.matches("[type=submit], [type=button], [type=file]")) {
      event.preventDefault();
      moveOn(form, at);
    }
    const typing = at.isContentEditable || at.matches("textarea, select, input:not([type=checkbox]):not([type=radio])");
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (key === "/") {
      const search = all("input[type=search]").find(visible);
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (key === "?" && keys) {
      if (!keys.open) keys.showModal();
    } else if (key === "g") {
      afterG = event.timeStamp;
    } else if (afterG && event.timeStamp - afterG < 1500) {
      afterG = 0;
      const link = all("[data-key]").find((el) => el.dataset.key === key);
      if (link) location.assign(link.href);
    }
  });

  // --- Dates and times: 942 becomes 09:42; 1122, 22, 20261122, 11-22 and 2026年11月22日 become 2026-11-22
  const pad = (n) => String(n).padStart(2, "0");
  const iso = (y, m, d) => {
    const date = new Date(y, m - 1, d);
    return date.getMonth() === m - 1 && date.getDate() === d ? `${y}-${pad(m)}-${pad(d)}` : null;
  };
  const readDate = (text, past) => {
    const now = document.body.dataset.today || iso(...((d) => [d.getFullYear(), d.getMonth() + 1, d.getDate()])(new Date()));
    const [year, month] = now.split("-").map(Number);
    const bare = text.replace(/\s/g, "");
    const parts = /\D/.test(bare)
      ? (bare.match(/\d+/g) || []).map(Number)
      : (bare.match(/^(?:(\d{4}|\d{2})(?=\d{4}$))?(\d{1,2}(?=\d{2}$))?(\d{1,2})$/) || []).slice(1).filter(Boolean).map(Number);
    if (!parts.length || parts.length > 3) return null;
    const day = parts.pop(), mon = parts.pop() || month, given = parts.pop();
    const found = iso(given === undefined ? year : given < 100 ? 2000 + given : given, mon, day);
    return found && past && given === undefined && found > now ? iso(year - 1, mon, day) : found;
  };
  const tidyDate = (input) => {
    if (input.matches("[data-time]")) {
      const [, hour, minute] = input.value.match(/^\s*(\d{1,2})\D?(\d{2})\s*$/) || [];
      if (hour < 24 && minute < 60) input.value = `${pad(hour)}:${minute}`;
    }
    if (!input.matches("[data-date]") || !input.value) return;
    const found = readDate(input.value, input.dataset.date === "past");
    if (found) input.value = found;
    const out = input.parentElement.querySelector(".weekday");
    if (out) {
      out.textContent = found
        ? new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short" }).format(new Date(`${found}T12:00`)) : "";
    }
  };
  const readyDate = (input) => {
    if (input.dataset.ready) return;
    input.dataset.ready = 1;
    if (matchMedia("(pointer: coarse)").matches && /^(\d{4}-\d\d-\d\d|\d\d:\d\d)?$/.test(input.value)) {
      input.type = input.dataset.date ? "date" : "time"; // the phone's own wheel
    }
    if (input.type !== "text" || !input.dataset.date) return;
    const picker = Object.assign(document.createElement("input"), { type: "date", className: "date-picker", tabIndex: -1 });
    picker.setAttribute("aria-hidden", "true");
    picker.title = input.dataset.pick;
    picker.addEventListener("focus", () => { picker.value = input.value; });
    picker.addEventListener("change", () => {
      input.value = picker.value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      tidyDate(input);
    });
    const day = Object.assign(document.createElement("span"), { className: "weekday" });
    const box = Object.assign(document.createElement("span"), { className: "date-field" });
    input.replaceWith(box);
    box.append(input, picker, day);
    tidyDate(input);
  };
  document.addEventListener("focusout", (event) => tidyDate(event.target));

  // --- Evidence: too large is said before the upload, thumbnails and names show what was taken
  const showPhotos = (input) => {
    const box = input.closest(".photo-input");
    const mine = `${input.name}-${all("input[type=file]", box).indexOf(input)}`;
    all("[data-of]", box).filter((el) => el.dataset.of === mine).forEach((el) => el.remove());
    const files = [...input.files];
    const large = files.some((file) => file.size > Number(input.dataset.maxBytes));
    const siblings = all("input[type=file]", input.form);
    const total = siblings.flatMap((el) => [...el.files]).reduce((sum, file) => sum + file.size, 0);
    siblings.filter((el) => el.validationMessage === el.dataset.tooMany).forEach((el) => el.setCustomValidity(""));
    const much = total > Number(input.dataset.maxTotal);
    input.setCustomValidity(large ? input.dataset.tooBig : much ? input.dataset.tooMany : "");
    if (large || much) input.reportValidity();
    files.forEach((file) => {
      if (!file.type.startsWith("image/")) {
        const chip = Object.assign(document.createElement("span"), { className: "photo-thumb is-file", textContent: file.name });
        chip.dataset.of = mine;
        chip.classList.toggle("is-bad", file.size > Number(input.dataset.maxBytes));
        box.append(chip);
        return;
      }
      const canvas = Object.assign(document.createElement("canvas"), { width: 144, height: 144, className: "photo-thumb" });
      canvas.dataset.of = mine;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", file.name);
      canvas.classList.toggle("is-bad", file.size > Number(input.dataset.maxBytes));
      box.append(canvas);
      createImageBitmap(file).then((image) => {
        const side = Math.min(image.width, image.height);
        canvas.getContext("2d").drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, 144, 144);
        image.close();
      }, () => {});
    });
  };

  // --- Forms: sent once, kept when the network is gone, not left by accident
  const dirty = new Set();
  const say = (text) => { if (net) { net.textContent = text; net.hidden = !text; } };
  const free = (form) => {
    delete form.dataset.busy;
    all("[aria-disabled]", form).forEach((el) => el.removeAttribute("aria-disabled"));
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.busy || (form.method === "post" && !navigator.onLine)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!navigator.onLine) say(net.dataset.offline);
      return;
    }
    all("[data-date], [data-time]", form).forEach(tidyDate);
    dirty.delete(form);
    if (form.method !== "post") return;
    form.dataset.busy = 1;
    if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
    setTimeout(free, form.matches("[data-download]") ? 1500 : 15000, form);
  }, true);
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form && form.matches("[data-entry]")) dirty.add(form);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[type=file][data-max-bytes]")) showPhotos(event.target);
  });
  addEventListener("beforeunload", (event) => {
    if ([...dirty].some((form) => form.isConnected)) { event.preventDefault(); event.returnValue = ""; }
  });
  addEventListener("pageshow", () => all("form[data-busy]").forEach(free));
  addEventListener("offline", () => say(net ? net.dataset.offline : ""));
  addEventListener("online", () => say(""));
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest("form");
    if (form) free(form);
    if (event.detail.successful) say("");
  });
  document.addEventListener("htmx:sendError", () => say(net.dataset.offline));
  document.addEventListener("htmx:responseError", () => say(net.dataset.failed));

  // --- Small things
  const copy = async (button) => {
    const url = new URL(button.dataset.copy, location.href).href;
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(url);
    } else { // plain http inside an office
      const field = Object.assign(document.createElement("input"), { value: url });
      button.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = button.dataset.done;
  };
  document.addEventListener("click", (event) => {
    const at = event.target.closest("[data-copy], [data-dialog], [data-print], [data-close]");
    all("details.confirm[open], .tabbar details[open]").forEach((el) => { if (!el.contains(event.target)) el.open = false; });
    if (!at) return;
    if (at.dataset.copy) copy(at);
    else if (at.dataset.dialog) document.getElementById(at.dataset.dialog).showModal();
    else if ("print" in at.dataset) window.print();
    else at.closest("dialog").close();
  });
  const ready = (root) => {
    all("[data-date], [data-time]", root).forEach(readyDate);
    all("[data-copy], [data-dialog], [data-print]", root).forEach((el) => { el.hidden = false; });
    const errors = root.querySelector(".errors");
    if (errors) errors.focus();
  };
  // htmx announces the whole page too, later than this: a second focus would take it from who already types.
  document.addEventListener("htmx:load", ({ detail: { elt } }) => { if (elt !== document.body) ready(elt); });
  ready(document);
})();
