// What a page needs of a browser wallet (EIP-1193, found by EIP-6963), and what went wrong, in words.
// Nothing here decides or stores: texts and typed data come from the server, which checks every answer.

const DECLINED = 4001;
const UNAUTHORISED = 4100;
const DISCONNECTED = [4900, 4901];
const UNKNOWN_CHAIN = 4902;
const BUSY = -32002;
const ANNOUNCED_WITHIN_MS = 100;

/** A wallet that answered, but not with what may be used. Its message is for people. */
export class WalletError extends Error {
  constructor(reason, message) {
    super(message);
    this.reason = reason; // "wrong_account" | "wrong_chain" | "unknown_chain" | "locked" | "garbage"
  }
}

/** The wallets of this browser, `[{uuid, name, icon, provider}]`; a wallet that announces itself
 *  twice is listed once. `icon` is a data URI or "": show it by <img> only. `onLate(wallets)` is
 *  called with the whole list when a slow wallet announces itself later. */
export async function discover(onLate = () => {}) {
  const found = new Map();
  let isLate = false;
  addEventListener("eip6963:announceProvider", ({ detail }) => {
    const { info, provider } = detail ?? {};
    if (!info?.uuid || typeof provider?.request !== "function" || found.has(info.uuid)) return;
    const icon = String(info.icon ?? "").startsWith("data:image/") ? info.icon : "";
    found.set(info.uuid, { uuid: info.uuid, name: String(info.name || "Wallet"), icon, provider });
    if (isLate) onLate([...found.values()]);
  });
  dispatchEvent(new Event("eip6963:requestProvider"));
  await new Promise((resolve) => setTimeout(resolve, ANNOUNCED_WITHIN_MS));
  isLate = true;
  if (found.size === 0 && typeof window.ethereum?.request === "function") {
    return [{ uuid: "window.ethereum", name: "Browser wallet", icon: "", provider: window.ethereum }];
  }
  return [...found.values()];
}

/** Ask for an account and bring the wallet to the chain (`chainId` is a number or a decimal string).
 *  `chainParams` (EIP-3085 without chainId) offers the chain to a wallet that does not know it; null:
 *  do not. `wanted` (a list of addresses; empty: any) says whose account must be open. Returns the
 *  account as the wallet writes it. */
export async function connect(provider, chainId, chainParams = null, wanted = []) {
  const accounts = await provider.request({ method: "eth_requestAccounts" });
  if (!Array.isArray(accounts) || accounts.length === 0) {
    throw new WalletError("locked", "The wallet shows no account. Unlock it and try again.");
  }
  if (!accounts.every((account) => /^0x[0-9a-fA-F]{40}$/.test(account))) throw garbage("account");
  const account = wanted.length === 0 ? accounts[0] : pick(accounts, wanted);
  await useChain(provider, BigInt(chainId), chainParams);
  return account;
}

/** Sign a text as ERC-191 (`personal_sign`). The text travels as hex of its UTF-8 bytes. */
export async function personalSign(provider, account, text) {
  const bytes = new TextEncoder().encode(text);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return signature(await provider.request({ method: "personal_sign", params: [`0x${hex}`, account] }));
}

/** Sign typed data (EIP-712). `typedDataJson` is the server's JSON, unchanged: parsing it here would
 *  round numbers above 2^53. */
export async function signTypedData(provider, account, typedDataJson) {
  const params = [account, typedDataJson];
  return signature(await provider.request({ method: "eth_signTypedData_v4", params }));
}

/** Send a transaction (`from`, `to`, `data`, `value` as hex). Returns its hash; it is not mined yet. */
export async function sendTransaction(provider, tx) {
  const hash = await provider.request({ method: "eth_sendTransaction", params: [tx] });
  if (!/^0x[0-9a-f]{64}$/i.test(hash)) throw garbage("transaction hash");
  return hash;
}

/** Call `react()` when the person changes account or chain, or the wallet goes away. */
export function watch(provider, react) {
  for (const event of ["accountsChanged", "chainChanged", "disconnect"]) provider.on?.(event, react);
}

/** One sentence for people, with what to do next. */
export function inWords(error) {
  if (error instanceof WalletError) return error.message;
  const code = codeOf(error);
  if (code === DECLINED || code === "ACTION_REJECTED") {
    return "You declined in the wallet. Nothing was sent.";
  }
  if (code === BUSY) return "The wallet still waits for an answer. Open it, answer there, then try again.";
  if (code === UNAUTHORISED) return "The wallet is locked or does not let this page in. Unlock it and try again.";
  if (DISCONNECTED.includes(code)) return "The wallet is not connected to its network. Nothing was sent.";
  if (code === UNKNOWN_CHAIN) return unknownChain().message;
  const told = String(error?.message ?? error).slice(0, 200);
  return `The wallet could not do this and says: ${told}`;
}

async function useChain(provider, chainId, chainParams) {
  const hex = `0x${chainId.toString(16)}`;
  const isThere = async () => sameNumber(await provider.request({ method: "eth_chainId" }), chainId);
  if (await isThere()) return;
  const change = { method: "wallet_switchEthereumChain", params: [{ chainId: hex }] };
  try {
    await provider.request(change);
  } catch (error) {
    if (codeOf(error) !== UNKNOWN_CHAIN) throw error;
    if (!chainParams) throw unknownChain();
    const params = [{ ...chainParams, chainId: hex }];
    await provider.request({ method: "wallet_addEthereumChain", params });
    if (!(await isThere())) await provider.request(change);
  }
  if (!(await isThere())) {
    throw new WalletError("wrong_chain", `The wallet is on another network. Change it to chain ${chainId} and try again.`);
  }
}

function pick(accounts, wanted) {
  const lower = wanted.map((address) => address.toLowerCase());
  const found = accounts.find((account) => lower.includes(account.toLowerCase()));
  if (found) return found;
  const open = accounts[0];
  throw new WalletError("wrong_account", `The wallet has ${open} open. Change to ${wanted.join(" or ")} and try again.`);
}

// Some wallets wrap the error of the layer below.
const codeOf = (error) => error?.data?.originalError?.code ?? error?.code;

function sameNumber(answer, expected) {
  try {
    return BigInt(answer) === expected;
  } catch {
    throw garbage("chain id");
  }
}

function signature(answer) {
  if (!/^0x([0-9a-f]{2}){65,}$/i.test(answer)) throw garbage("signature");
  return answer;
}

const garbage = (what) => new WalletError("garbage", `The wallet answered with something that is no ${what}. Nothing was sent.`);
const unknownChain = () => new WalletError("unknown_chain", "The wallet does not know this network. Add it there and try again.");
