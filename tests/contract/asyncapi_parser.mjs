// What AsyncAPI's own parser says of a document: one line per finding, exit code 1 when it is not valid.
import { createRequire } from "node:module";

const { Parser, fromFile } = createRequire(`${process.argv[2]}/`)("@asyncapi/parser");
const { document, diagnostics } = await fromFile(new Parser(), process.argv[3]).parse();
for (const { code, message, path } of diagnostics) console.log(code, message, path.join("."));
process.exit(document ? 0 : 1);
