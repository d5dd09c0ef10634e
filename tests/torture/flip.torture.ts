// The byte-flip property with 10,000 tries.
process.env.PROPOOL_FLIPS ??= "10000";
await import("../spec/submission-flip.test.ts");

export {};
