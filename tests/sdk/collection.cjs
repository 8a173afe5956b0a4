"use strict";

// Uses the published SDK `mtn-momo` as its README does: a client from environment variables, a token, a balance.
//
//     node collection.cjs [collection|disbursement]
//
// Prints one line, `token ok / balance ok`, and never a value. Exits 1 with a message on stderr when a variable is
// not set or the gateway refuses. NODE_PATH names the node_modules folder that holds the SDK.

const momo = require("mtn-momo");

// The SDK has no remittance client.
const CLIENTS = { collection: "Collections", disbursement: "Disbursements" };

class Failed extends Error {}

// Makes one call of the SDK. Its errors can quote what was sent or answered: only their type leaves.
async function answer(step, call) {
  try {
    return await call();
  } catch (error) {
    throw new Failed(`${step}: ${error.constructor.name}`);
  }
}

async function run(product) {
  const client = CLIENTS[product];
  const prefix = client.toUpperCase();
  const required = ["CALLBACK_HOST", `${prefix}_PRIMARY_KEY`, `${prefix}_USER_ID`, `${prefix}_USER_SECRET`];
  const missing = required.filter(name => !process.env[name]);
  if (missing.length > 0) {
    throw new Failed(`not set: ${missing.join(", ")}`);
  }

  const globalConfig = { callbackHost: process.env.CALLBACK_HOST };
  // The README gives these two no variable. Only a value that is there may replace the SDK's default.
  if (process.env.BASE_URL) {
    globalConfig.baseUrl = process.env.BASE_URL;
  }
  if (process.env.ENVIRONMENT) {
    globalConfig.environment = process.env.ENVIRONMENT;
  }
  const api = await answer("client", () =>
    momo.create(globalConfig)[client]({
      userSecret: process.env[`${prefix}_USER_SECRET`],
      userId: process.env[`${prefix}_USER_ID`],
      primaryKey: process.env[`${prefix}_PRIMARY_KEY`]
    })
  );

  // The SDK has no call for a token: it gets one before the first read, and fails the read without.
  const balance = await answer("token and balance", () => api.getBalance());
  if (!balance || !("availableBalance" in balance) || !("currency" in balance)) {
    throw new Failed("balance: the answer holds none");
  }
}

async function main(args) {
  const product = args.length === 0 ? "collection" : args[0];
  if (args.length > 1 || !Object.hasOwn(CLIENTS, product)) {
    throw new Failed(`usage: collection.cjs [${Object.keys(CLIENTS).join("|")}]`);
  }
  await run(product);
  console.log("token ok / balance ok");
}

main(process.argv.slice(2)).catch(error => {
  console.error(`mtn-momo: ${error instanceof Failed ? error.message : error.name}`);
  process.exitCode = 1;
});
