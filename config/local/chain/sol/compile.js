// Compiles the contracts of this folder with the npm `solc` (plain JavaScript: no download, no native code).
// Usage: node compile.js NODE_MODULES    prints {contract name: creation code}
const fs = require('fs');
const path = require('path');

const modules = path.resolve(process.argv[2]);
const solc = require(path.join(modules, 'solc'));

// The input object wants {content}, the import callback wants {contents}.
const findImport = (name) => {
  const file = path.join(modules, name);
  return fs.existsSync(file) ? { contents: fs.readFileSync(file, 'utf8') } : { error: `not found: ${name}` };
};

const sources = {};
for (const name of fs.readdirSync(__dirname).filter((file) => file.endsWith('.sol')).sort()) {
  sources[name] = { content: fs.readFileSync(path.join(__dirname, name), 'utf8') };
}
const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
};
const input = JSON.stringify({ language: 'Solidity', sources, settings });
const result = JSON.parse(solc.compile(input, { import: findImport }));
const errors = (result.errors || []).filter((error) => error.severity === 'error');
if (errors.length) {
  errors.forEach((error) => console.error(error.formattedMessage));
  process.exit(1);
}
const contracts = {};
for (const file of Object.keys(sources)) {
  for (const [name, contract] of Object.entries(result.contracts[file] || {})) {
    contracts[name] = '0x' + contract.evm.bytecode.object;
  }
}
process.stdout.write(JSON.stringify(contracts));
