// What does Safe's own JavaScript kit say? Request on stdin, answer on stdout, both JSON.
// Usage: node check.mjs NODE_MODULES
//
// From the keys alone the kit hashes, signs and packs; our packed bytes are only judged by it. The
// account that judges must own nothing: an owner's approval would be added by the kit in silence.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const KIT = '@safe-global/protocol-kit';
const load = createRequire(path.resolve(process.argv[2], 'anything.js'));
const { default: Safe, EthSafeSignature, buildContractSignature, generatePreValidatedSignature } = load(KIT);
const { SigningMethod } = createRequire(load.resolve(KIT))('@safe-global/types-kit');

const ZERO = `0x${'0'.repeat(40)}`;
const request = JSON.parse(readFileSync(0, 'utf8'));
const contractNetworks = { [request.chainId]: request.contracts };

const kits = new Map();
async function kitOf(safeAddress, signer) {
  const name = `${safeAddress} ${signer}`;
  if (!kits.has(name)) {
    kits.set(name, await Safe.init({ provider: request.url, signer, safeAddress, contractNetworks }));
  }
  return kits.get(name);
}

const judge = await kitOf(request.safe, request.judgeKey);

function transactionOf({ to, value, data, operation, nonce }) {
  return judge.createTransaction({ transactions: [{ to, value, data, operation }], options: { nonce } });
}

async function signedBy(tx, { owner, kind, keys }) {
  if (kind === 'APPROVED_HASH') return generatePreValidatedSignature(owner);
  if (kind === 'CONTRACT') {
    let inner = tx;
    for (const key of keys) {
      const kit = await kitOf(owner, key);
      inner = await kit.signTransaction(inner, SigningMethod.SAFE_SIGNATURE, request.safe);
    }
    return buildContractSignature([...inner.signatures.values()], owner);
  }
  const method = kind === 'ETH_SIGN' ? SigningMethod.ETH_SIGN : SigningMethod.ETH_SIGN_TYPED_DATA_V4;
  const signed = await (await kitOf(request.safe, keys[0])).signTransaction(tx, method);
  return signed.getSignature(owner);
}

// The kit packs again whatever it is given; bytes that stand as one signature go through unchanged.
async function accepts(fields, packed) {
  const tx = await transactionOf(fields);
  tx.addSignature(new EthSafeSignature(ZERO, packed));
  return judge.isValidTransaction(tx);
}

async function judged({ fields, approvals, packed, wrong }) {
  const tx = await transactionOf(fields);
  const signatures = [];
  for (const approval of approvals) signatures.push(await signedBy(tx, approval));
  signatures.forEach((signature) => tx.addSignature(signature));
  return {
    safeTxHash: await judge.getTransactionHash(tx),
    encodedSignatures: tx.encodedSignatures(),
    accepted: await accepts(fields, packed),
    wrongAccepted: await Promise.all(wrong.map((bytes) => accepts(fields, bytes))),
  };
}

const hashes = [];
for (const fields of request.transactions) {
  hashes.push(await judge.getTransactionHash(await transactionOf(fields)));
}
const cases = [];
for (const one of request.cases) cases.push(await judged(one));
process.stdout.write(JSON.stringify({ version: judge.getContractVersion(), hashes, cases }));
