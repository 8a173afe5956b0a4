// Prints what npm dotenv reads from every *.env file of a folder, as JSON: {file: {name: value}}.
const fs = require("node:fs");
const path = require("node:path");
const dotenv = require("dotenv");

const folder = process.argv[2];
const result = {};
for (const name of fs.readdirSync(folder).sort()) {
  if (name.endsWith(".env")) result[name] = dotenv.parse(fs.readFileSync(path.join(folder, name)));
}
process.stdout.write(JSON.stringify(result));
