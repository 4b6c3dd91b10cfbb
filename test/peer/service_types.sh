#!/bin/sh
# The events of the built-in service, held against the types that the npm package `openai` has of them: everything the
# service says while its rules are tested (test/unit/transport_rules_test.c) has to be a RealtimeServerEvent. TAP.
#
# The packages come from the npm registry, or from the folder NODE_PACKAGES, which has them in node_modules. The types
# say of hardly any member that it may be null, and the real service sends many nulls: null passes everywhere here.
# What belongs to the first protocol has no types.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
events=$scratch/events

give_up() { skip 'every event is one the openai package has a type for' "$1" && plan && exit; }

command -v node >/dev/null || give_up 'node is missing'
packages=${NODE_PACKAGES:-$scratch/packages}
if [ ! -d "$packages/node_modules/openai" ]; then
    command -v npm >/dev/null || give_up 'npm is missing'
    mkdir -p "$packages"
    timeout 90 npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$packages" openai@6 typescript@5 \
        >"$scratch/npm" 2>&1 || give_up 'the npm registry cannot be reached'
fi

EVENTS=$events "$BUILD/test/unit/transport_rules_test" >"$scratch/rules" 2>&1
cat >"$packages/check.js" <<'END'
const fs = require("fs"), path = require("path"), ts = require("typescript");
const kinds = new Map();
let first = false; // the session is one of the first protocol

// Events that differ only in their texts are one; texts that are no names on the wire become short.
const shorten = (key, value) => typeof value === "string" && value.length > 80 ? "text" : value;
for (const line of fs.readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
    const event = JSON.parse(line);
    if (event.session) first = event.session.type === "quicksilver";
    if (first) continue;
    const text = JSON.stringify(event, shorten);
    kinds.set(text.replace(/"(event|item|resp|call|sess)_\d+"|\d+/g, "0"), text);
}

// JSON is a type in TypeScript: that of the one value.
let source = 'import type { RealtimeServerEvent } from "openai/resources/realtime/realtime";\n';
const texts = [...kinds.values()];
texts.forEach((text, i) => source += `declare const e${i}: ${text}; export const c${i}: RealtimeServerEvent = e${i};\n`);
const file = path.join(__dirname, "events.ts");
fs.writeFileSync(file, source);
const program = ts.createProgram([file], {strict: true, strictNullChecks: false, noEmit: true, skipLibCheck: true,
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
    types: []});
let wrong = 0;
for (const found of ts.getPreEmitDiagnostics(program)) {
    const at = found.file && found.file.fileName.endsWith("events.ts")
        ? texts[found.file.getLineAndCharacterOfPosition(found.start).line - 1] : "";
    console.log(ts.flattenDiagnosticMessageText(found.messageText, "\n"), "\n", at);
    wrong++;
}
const types = new Set(texts.map((text) => JSON.parse(text).type));
console.log(`# ${texts.length} kinds of ${types.size} types: ${[...types].sort().join(" ")}`);
process.exit(wrong > 0 || types.size < Number(process.argv[3]) ? 1 : 0);
END
typed() { (cd "$packages" && node check.js "$1" "$2"); }
check 'every event is one the openai package has a type for' typed "$events" 28

refused() { echo "$1" >"$scratch/wrong" && ! typed "$scratch/wrong" 0; }
check 'one that lacks a member is none' refused '{"type":"response.done","event_id":"event_1"}'
check 'one with another value is none' refused \
    '{"type":"response.created","event_id":"event_1","response":{"status":"done"}}'
plan
