// "Verify yourself": hashes are computed here from the fields on the page, and compared with what the
// server says. It guards against a mistake of the server's, not against a server that lies in both.

import { safeHashes } from "./keccak.js";

/** Marks the block and says in words whether the hashes agree. Returns whether they do. */
function judge(block) {
  const outcome = block.querySelector("[data-outcome]");
  let computed;
  try {
    computed = safeHashes(JSON.parse(block.dataset.signed));
  } catch (error) {
    return tell(block, outcome, false, `Your browser cannot hash these fields: ${error.message}. Do not sign.`);
  }
  const shown = [...block.querySelectorAll("[data-hash]")];
  const wrong = shown.filter((place) => place.textContent.trim() !== computed[place.dataset.hash]);
  for (const place of wrong) place.textContent = `${place.textContent.trim()}, but your browser computes ${computed[place.dataset.hash]}`;
  if (wrong.length > 0 || shown.length !== 3) {
    return tell(block, outcome, false, "Your browser computes other hashes than the server says. Do not sign.");
  }
  block.dataset.computed = computed.safe_tx;
  return tell(block, outcome, true, "Recomputed in your browser from the ten fields: all three agree.");
}

function tell(block, outcome, isMatch, text) {
  block.classList.add(isMatch ? "match" : "mismatch");
  const badge = document.createElement("span");
  badge.className = `badge ${isMatch ? "good" : "bad"}`;
  const icon = document.createElement("span");
  icon.setAttribute("aria-hidden", "true");
  icon.textContent = isMatch ? "✓" : "✕";
  badge.append(icon, isMatch ? " Match" : " Mismatch");
  const words = document.createElement("span");
  words.className = "small";
  words.textContent = text;
  outcome.replaceChildren(badge, " ", words);
  return isMatch;
}

/** The digest of the text (SHA-256), and whether the batch that is signed ends with it. */
async function judgeEvidence(section) {
  const text = section.querySelector("[data-text]")?.textContent;
  const place = section.querySelector("[data-recomputed]");
  if (text === undefined || !place) return;
  if (!globalThis.crypto?.subtle) {
    place.textContent = "not recomputed: the browser hashes on https and on this machine only";
    return;
  }
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const digest = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const inBatch = section.querySelector("[data-digest]").textContent.trim();
  const signed = section.querySelector("[data-signed]");
  const data = signed ? JSON.parse(signed.dataset.signed).fields.data : "";
  let said = digest === inBatch ? " ✓ the same" : " ✕ another digest: do not sign";
  if (data && digest === inBatch) said += data.includes(digest) ? ", found in the calldata" : ", ✕ not in the calldata: do not sign";
  place.textContent = digest + said;
}

const section = document.getElementById("verify");
if (section) {
  for (const block of document.querySelectorAll("[data-signed]")) judge(block);
  judgeEvidence(section);
  for (const button of section.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
}
