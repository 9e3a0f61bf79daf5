// Deciding on the page: flags and answer go to the server first, then the wallet is asked for exactly
// what the browser has recomputed, then the signature goes in with the form.

import { connect, discover, inWords, sendTransaction, signTypedData } from "./wallet.js";
import { safeHashes } from "./keccak.js";

const RECEIPT_EVERY_MS = 2000;
const RECEIPT_TRIES = 150;

const decide = document.querySelector("[data-decide]");

/** What the wallet is asked to sign must be what the page shows; null when it is. A member of an
 *  owner Safe signs a message about it, which the device shows with its own digest. */
function difference(form, asked) {
  const shown = form.querySelector("[data-signed]") ?? document.querySelector("#verify [data-signed]");
  if (!shown) return "The page shows no fields to compare with.";
  const computed = safeHashes(JSON.parse(shown.dataset.signed)).safe_tx;
  if (asked.is_member) return null;
  const typed = JSON.parse(asked.typed_data);
  const fields = Object.fromEntries(Object.entries(typed.message).map(([name, value]) => [name, String(value)]));
  const chainId = String(typed.domain.chainId);
  const wanted = safeHashes({ chainId, safe: typed.domain.verifyingContract, fields }).safe_tx;
  return wanted === computed && asked.digest === computed ? null
    : "What the wallet would sign is not what this page shows. Nothing was signed: tell an operator.";
}

function say(form, text) {
  form.querySelector("[data-status]").textContent = text;
}

/** Errors by field, beside their fields; the first one gets the focus. */
function showErrors(form, errors) {
  for (const place of form.querySelectorAll("[data-error]")) {
    const text = errors[place.dataset.error] ?? "";
    place.textContent = text;
    place.hidden = text === "";
  }
  for (const input of form.elements) input.removeAttribute?.("aria-invalid");
  const first = Object.keys(errors)[0];
  const named = [...form.elements].find((input) => first && (input.name === first || input.value === first));
  if (named) {
    named.setAttribute("aria-invalid", "true");
    named.focus();
  }
}

/** Flags and answer to the server; what to sign comes back, or null with the errors shown. */
async function prepared(form) {
  const answer = await fetch(form.dataset.preparations, { method: "POST", body: new FormData(form), credentials: "same-origin" });
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  if (!isJson) throw new Error(`The server answered ${answer.status}. Load the page again.`);
  const body = await answer.json();
  showErrors(form, body.errors ?? {});
  return body.errors ? null : body;
}

async function wallet(form) {
  const found = await discover();
  if (found.length === 0) throw new Error("No wallet was found in this browser. Paste a signature instead.");
  return found.length === 1 ? found[0].provider : chosen(form, found);
}

/** Several wallets: the person picks one by its name. */
function chosen(form, found) {
  const place = form.querySelector("[data-status]");
  place.replaceChildren("Which wallet? ");
  return new Promise((resolve) => {
    for (const { name, provider } of found) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => { say(form, ""); resolve(provider); });
      place.append(button, " ");
    }
  });
}

async function once(form, button, act) {
  button.disabled = true;
  try {
    await act(form);
  } catch (error) {
    say(form, "");
    const isOurs = error instanceof Error && error.code === undefined && error.name === "Error";
    showErrors(form, { wallet: isOurs ? error.message : inWords(error) });
  } finally {
    button.disabled = false;
  }
}

async function sign(form) {
  showErrors(form, {});
  say(form, "Checking what you said");
  const asked = await prepared(form);
  if (!asked) return say(form, "");
  const problem = difference(form, asked);
  if (problem) throw new Error(problem);
  const provider = await wallet(form);
  say(form, "Look at your wallet");
  const account = await connect(provider, asked.chain_id, null, [asked.signer]);
  form.elements.signature.value = await signTypedData(provider, account, asked.typed_data);
  say(form, "Signed. Sending it");
  return form.submit();
}

/** approveHash as a transaction of the owner's own; counted once it is mined. */
async function approveOnChain(form) {
  const details = form.querySelector("[data-onchain]");
  showErrors(form, {});
  const asked = await prepared(form);
  if (!asked) return;
  const provider = await wallet(form);
  const account = await connect(provider, asked.chain_id, null, [asked.signer]);
  const hash = await sendTransaction(provider, { from: account, to: details.dataset.to, data: details.dataset.data, value: "0x0" });
  say(form, `Sent as ${hash}. It counts once it is mined.`);
  for (let tries = 0; tries < RECEIPT_TRIES; tries += 1) {
    const receipt = await provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (receipt) {
      form.requestSubmit(form.querySelector('[name="kind"]'));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, RECEIPT_EVERY_MS));
  }
  say(form, `Sent as ${hash}, and not mined yet. Press "It is mined: count it" when it is.`);
}

function begin(form) {
  const button = form.querySelector("[data-wallet]");
  button.hidden = false;
  button.addEventListener("click", () => once(form, button, sign));
  // Enter in a field signs, as the one main action; the paste button submits by itself.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) { event.preventDefault(); button.click(); }
  });
  const send = form.querySelector("[data-send]");
  if (send) {
    send.hidden = false;
    send.addEventListener("click", () => once(form, send, approveOnChain));
  }
}

for (const form of document.querySelectorAll("form[data-sign]")) begin(form);

// The live part says where the proposal is; forms stay as they are, so nothing typed is lost.
const tellMoved = () => {
  const live = document.querySelector("[data-live]");
  const moved = decide?.querySelector("[data-moved]");
  if (live && moved && live.dataset.state !== decide.dataset.state) moved.hidden = false;
};
new MutationObserver(tellMoved).observe(document.querySelector(".proposal-first") ?? document.body, { childList: true, subtree: true });

// For the review's aggregates: that the page, and which sections, were opened.
const readings = decide?.dataset.readings;
const token = document.querySelector('input[name="csrfmiddlewaretoken"]')?.value;
function read(section) {
  if (!readings || !token) return;
  const body = new URLSearchParams({ section, csrfmiddlewaretoken: token });
  fetch(readings, { method: "POST", body, credentials: "same-origin", keepalive: true }).catch(() => {});
}
read("");
for (const details of document.querySelectorAll("details[data-section]")) {
  details.addEventListener("toggle", () => { if (details.open) read(details.dataset.section); }, { once: true });
}
