// The start of the page.

import { carried } from "./bytes.js";
import { element } from "./choices.js";
import { Network, startRuntime } from "./engine.js";
import { Path } from "./path.js";
import { Samples } from "./samples.js";
import { startTraining } from "./training.js";
import { Translation } from "./translation.js";

const root = document.documentElement;

/** Tell what has changed, to those who see the page and to those who do not. */
function say(words) {
  element("status").textContent = words;
}

let pending = null;

/** Keep the state in the address, a little later, since browsers limit how often. */
function remember(state) {
  const given = Object.entries(state).filter(([, value]) => value !== undefined && value !== null);
  const hash = new URLSearchParams(given).toString();
  clearTimeout(pending);
  pending = setTimeout(() => history.replaceState(null, "", `#${hash}`), 300);
  element("link").hash = hash;
}

function addressed() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

async function startSamples(runtime, data) {
  const network = await Network.open(runtime, data.networks[0]);
  const samples = new Samples(network, { name: data.name, count: data.count, say, remember });
  await samples.restore(addressed());
  const path = new Path(network, samples, { name: data.name, say });
  await path.redrawStrip();
  addEventListener("hashchange", () => samples.restore(addressed()));
}

async function copyLink(event) {
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(event.currentTarget.href);
    say("The link is copied");
  } catch {
    say("The browser does not let the page copy; copy the address of this page instead");
  }
}

async function start() {
  const data = JSON.parse(carried("data"));
  if (data.training) await startTraining(data.training);
  if (data.networks.length) {
    say("Starting the network in this page …");
    const runtime = await startRuntime();
    if (data.translates) {
      const networks = await Promise.all(data.networks.map((each) => Network.open(runtime, each)));
      await new Translation(networks, { name: data.name, say }).show();
    } else {
      await startSamples(runtime, data);
      element("link").addEventListener("click", copyLink);
    }
  }
}

root.dataset.state = "loading";
start().then(
  () => (root.dataset.state = "ready"),
  (error) => {
    root.dataset.state = "failed";
    say(`The network cannot run in this browser (${error.message}); try the newest version of it.`);
  }
);
