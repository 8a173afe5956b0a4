#!/usr/bin/env node
// Gets a MoMo credential from `momo-cred credential get`, and with it an access token. No packages needed.
//
//     credential.mjs [PROFILE]
//
// For authors of SDKs: `credential` is the part to take. docs/credential-protocol.md has the protocol.

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

// momo-cred has no credential to give. `kind` is one of its kinds, such as `not-found` or `unavailable`.
export class CredentialError extends Error {
  constructor(kind, message, retryable = false) {
    super(`${message} (${kind})`);
    this.kind = kind;
    this.retryable = retryable;
  }
}

// Asks for the values of a profile's record: an object of field names, complete and of one revision.
export async function credential(profile, timeout = 60_000) {
  // Standard error stays ours: what momo-cred says to people belongs there, and no value ever does.
  const child = spawn("momo-cred", ["credential", "get"], { stdio: ["pipe", "pipe", "inherit"], timeout });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  // If it ends before it reads, what it says counts, and not the broken pipe.
  child.stdin.once("error", () => {});
  child.stdin.end(`${JSON.stringify({ Version: 1, Profile: profile })}\n`);
  const [output, status] = await Promise.all([text(child.stdout), ended]);
  let answer;
  try {
    answer = JSON.parse(output);
  } catch {
    // It could not be started as we asked, or it is older than this protocol.
    throw new CredentialError("protocol", `no answer, exit status ${status}`);
  }
  if (answer.Version !== 1) {
    throw new CredentialError("protocol", "an answer of another version");
  }
  if (answer.Error) {
    throw new CredentialError(answer.Error.Kind, answer.Error.Message, answer.Error.Retryable);
  }
  return answer.Values;
}

// An access token, which lives for an hour.
export async function token(values) {
  const pair = Buffer.from(`${values.api_user}:${values.api_key}`).toString("base64");
  const response = await fetch(`${values.base_url}/${values.product}/token/`, {
    method: "POST",
    headers: { Authorization: `Basic ${pair}`, "Ocp-Apim-Subscription-Key": values.subscription_key },
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) {
    throw new Error(`the gateway answers ${response.status}`);
  }
  return (await response.json()).access_token;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const values = await credential(process.argv[2]);
    // Never print a value: the names of the fields are enough to see that it works.
    console.log("fields:", Object.keys(values).sort().join(" "));
    console.log((await token(values)) ? "token ok" : "no token");
  } catch (error) {
    console.error(`credential.mjs: ${error.message}`);
    process.exitCode = 1;
  }
}
