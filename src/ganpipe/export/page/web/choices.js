// Controls that several sections are made of.

/** The element `id`; null where the page has none. */
export function element(id) {
  return document.getElementById(id);
}

/** A new element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A radio button that looks like what it holds: one of a group, so that arrow keys move on. */
export function choice(group, value, checked, content, name) {
  const input = make("input", { type: "radio", name: group, value, checked, ariaLabel: name });
  return make("label", {}, input, content);
}

/** The value of the chosen radio button in `container`. */
export function chosen(container) {
  return container.querySelector("input:checked")?.value;
}

/** Choose a radio button by its value; nothing where there is no such one. */
export function choose(container, value) {
  const input = Array.from(container.querySelectorAll("input")).find((one) => one.value === value);
  if (input) input.checked = true;
}

/** A button that starts and stops the walk of a slider to and fro, or round and round. */
export function playing(button, slider, { milliseconds, back }) {
  let timer = null;
  let way = 1;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  };
  const walk = () => {
    const [low, high, step, now] = ["min", "max", "step", "value"].map((name) => Number(slider[name]));
    if (now >= high) way = back ? -1 : 1;
    if (now <= low) way = 1;
    slider.value = !back && now >= high ? low : now + way * step;
    slider.dispatchEvent(new Event("input"));
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    timer = setInterval(walk, milliseconds);
    button.textContent = "Stop";
  });
  slider.addEventListener("pointerdown", stop);
  stop();
}
