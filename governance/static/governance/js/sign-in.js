// Proves by wallet wherever a page has [data-wallet-proof]: ask the server for a text, have it signed,
// put the signature into the page's own form. Without this script the form takes a pasted signature.

import { WalletError, connect, discover, inWords, personalSign } from "./wallet.js";

for (const place of document.querySelectorAll("[data-wallet-proof]")) begin(place);

async function begin(place) {
  const buttons = place.querySelector("[data-wallets]");
  const show = (wallets) => buttons.replaceChildren(...wallets.map((wallet) => button(place, wallet)));
  const wallets = await discover(show);
  show(wallets);
  if (wallets.length === 0) say(place, "No wallet was found in this browser.");
}

function button(place, wallet) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "primary";
  if (wallet.icon) {
    const icon = document.createElement("img");
    Object.assign(icon, { src: wallet.icon, alt: "", width: 24, height: 24 });
    element.append(icon);
  }
  element.append(`${place.dataset.label ?? "Sign in with"} ${wallet.name}`);
  element.addEventListener("click", () => prove(place, wallet));
  return element;
}

async function prove(place, wallet) {
  if (place.dataset.busy) return; // the wallet has a question open already
  place.dataset.busy = "yes";
  try {
    say(place, "Look into your wallet: it asks for an account.");
    const { chainId } = place.dataset;
    const account = await connect(wallet.provider, chainId, chain());
    const asked = await ask(place, account);
    say(place, "Look into your wallet: it shows the text to sign.");
    const signature = await personalSign(wallet.provider, account, asked.text);
    say(place, "Signed. One moment.");
    send(place, asked.nonce, signature);
  } catch (error) {
    say(place, inWords(error), true);
    delete place.dataset.busy;
  }
}

async function ask(place, account) {
  const form = place.querySelector("[data-proof-form]");
  const body = new FormData();
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.set("address", account);
  body.set("chain_id", place.dataset.chainId);
  const answer = await fetch(place.dataset.askUrl, {
    method: "POST", body, headers: { Accept: "application/json" },
  });
  if (!answer.headers.get("Content-Type")?.includes("json")) {
    throw new WalletError("refused", "This page is too old. Reload it and try again.");
  }
  const told = await answer.json();
  if (!answer.ok) throw new WalletError("refused", told.error);
  return told;
}

function send(place, nonce, signature) {
  const form = place.querySelector("[data-proof-form]");
  form.querySelector("[name$=nonce]").value = nonce;
  form.querySelector("[name$=signature]").value = signature;
  form.submit();
}

function chain() {
  const element = document.getElementById("wallet-chain");
  return element ? JSON.parse(element.textContent) : null;
}

function say(place, text, isError = false) {
  const status = place.querySelector("[data-wallet-status]");
  status.className = isError ? "error" : "muted";
  status.textContent = text;
}
