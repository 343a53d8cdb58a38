import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: "src/*.ts",
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: "sha256" } },
      config: {
        documentMode: "string",
        emitLegacyCommonJSImports: false,
        enumsAsTypes: true,
        onlyOperationTypes: true,
        scalars: { Date: "string", DateTime: "string", Decimal: "string" },
        strictScalars: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;
