// Holds the schema of each role to its promise: it is a valid schema of its own, and graphql-codegen makes types of it,
// which tsc then checks.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generate } from "@graphql-codegen/cli";
import { buildSchema, isObjectType, validateSchema } from "graphql";

const roles = ["owner", "administrator", "developer", "billing-manager", "support", "guest"];
const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = fileURLToPath(new URL("generated/", import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);

const generates = {};
for (const role of roles) {
  const text = execFileSync("go", ["run", ".", "schema", "--role", role], { cwd: root, encoding: "utf8" });
  const schema = buildSchema(text);
  assert.deepEqual(validateSchema(schema), [], role);
  writeFileSync(`${folder}${role}.graphql`, text);
  generates[`${folder}${role}.ts`] = { schema: `${folder}${role}.graphql`, plugins: ["typescript"] };
  const fields = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith("__"))
    .flatMap((type) => Object.keys(type.getFields()));
  console.log(`  ✓ ${role}: ${fields.length} fields`);
}

const scalars = { Date: "string", DateTime: "string", Decimal: "string" };
const made = await generate({ generates, config: { strictScalars: true, scalars }, silent: true }, true);
assert.equal(made.length, roles.length);
console.log(`\n${roles.length} schemas are valid, and codegen makes types of them`);
