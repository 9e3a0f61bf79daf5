// keccak-256 and the EIP-712 hashes of a Safe transaction, from the fields alone. No dependency, no
// network. The lanes of the permutation are BigInt: a page hashes a few kilobytes, once.

const MASK = (1n << 64n) - 1n;
const RATE = 136;
const ROUNDS = 24;
const ROTATIONS = [
  [0, 36, 3, 41, 18], [1, 44, 10, 45, 2], [62, 6, 43, 15, 61], [28, 55, 25, 21, 56], [27, 20, 39, 8, 14],
];

const rotate = (lane, by) => (by === 0 ? lane : ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & MASK);

const CONSTANTS = (() => {
  const found = [];
  let lfsr = 1;
  for (let round = 0; round < ROUNDS; round += 1) {
    let constant = 0n;
    for (let bit = 0; bit < 7; bit += 1) {
      if (lfsr & 1) constant |= 1n << BigInt((1 << bit) - 1);
      lfsr = (lfsr << 1) ^ (lfsr & 0x80 ? 0x171 : 0);
    }
    found.push(constant);
  }
  return found;
})();

function permute(state) {
  for (const constant of CONSTANTS) {
    const columns = [0, 1, 2, 3, 4].map((x) => state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
    for (let x = 0; x < 5; x += 1) {
      const change = columns[(x + 4) % 5] ^ rotate(columns[(x + 1) % 5], 1);
      for (let y = 0; y < 25; y += 5) state[x + y] ^= change;
    }
    const moved = new Array(25);
    for (let x = 0; x < 5; x += 1) {
      for (let y = 0; y < 5; y += 1) {
        moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(state[x + 5 * y], ROTATIONS[x][y]);
      }
    }
    for (let y = 0; y < 25; y += 5) {
      for (let x = 0; x < 5; x += 1) {
        state[x + y] = moved[x + y] ^ (~moved[((x + 1) % 5) + y] & MASK & moved[((x + 2) % 5) + y]);
      }
    }
    state[0] ^= constant;
  }
}

/** The original padding (0x01), as Ethereum uses it; not SHA-3. Bytes in, 32 bytes out. */
export function keccak256(bytes) {
  const length = (Math.floor(bytes.length / RATE) + 1) * RATE;
  const padded = new Uint8Array(length);
  padded.set(bytes);
  padded[bytes.length] ^= 0x01;
  padded[length - 1] ^= 0x80;
  const state = new Array(25).fill(0n);
  const view = new DataView(padded.buffer);
  for (let start = 0; start < length; start += RATE) {
    for (let lane = 0; lane < RATE / 8; lane += 1) state[lane] ^= view.getBigUint64(start + lane * 8, true);
    permute(state);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let lane = 0; lane < 4; lane += 1) out.setBigUint64(lane * 8, state[lane], true);
  return new Uint8Array(out.buffer);
}

export const hex = (bytes) => `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;

export function bytesOf(text) {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(text)) throw new Error(`not bytes: ${text.slice(0, 20)}`);
  return Uint8Array.from(text.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const ascii = (text) => new TextEncoder().encode(text);

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** uint256 from a decimal string; refuses signs, exponents, and what does not fit. */
function word(text) {
  if (!/^\d+$/.test(text) || BigInt(text) >> 256n) throw new Error(`not a uint256: ${text.slice(0, 20)}`);
  return bytesOf(`0x${BigInt(text).toString(16).padStart(64, "0")}`);
}

function addressWord(text) {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new Error(`not an address: ${text.slice(0, 20)}`);
  return bytesOf(`0x${text.slice(2).padStart(64, "0")}`);
}

const DOMAIN_TYPE = keccak256(ascii("EIP712Domain(uint256 chainId,address verifyingContract)"));
const SAFE_TX_TYPE = keccak256(ascii(
  "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas," +
  "uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)",
));

/** The three hashes of `{chainId, safe, fields}` (ten fields, numbers as decimal strings) of a Safe
 *  from 1.3.0 on. A missing field is an error, never zero. */
export function safeHashes({ chainId, safe, fields }) {
  const field = (name) => {
    if (typeof fields[name] !== "string") throw new Error(`missing field: ${name}`);
    return fields[name];
  };
  if (!["0", "1"].includes(field("operation"))) throw new Error("operation is neither 0 nor 1");
  const domain = keccak256(joined(DOMAIN_TYPE, word(chainId), addressWord(safe)));
  const message = keccak256(joined(
    SAFE_TX_TYPE, addressWord(field("to")), word(field("value")), keccak256(bytesOf(field("data"))),
    word(field("operation")), word(field("safeTxGas")), word(field("baseGas")), word(field("gasPrice")),
    addressWord(field("gasToken")), addressWord(field("refundReceiver")), word(field("nonce")),
  ));
  const safeTx = keccak256(joined(Uint8Array.of(0x19, 0x01), domain, message));
  return { domain: hex(domain), message: hex(message), safe_tx: hex(safeTx) };
}
