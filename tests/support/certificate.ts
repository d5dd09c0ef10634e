import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate that signs itself, for `localhost`, and its key; both PEM. Made anew each time: no key lies in the repository. */
export function selfSigned(host = "localhost"): { certificate: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(tlv(0x31, sequence(oid("550403"), tlv(0x0c, Buffer.from(host)))));
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const validity = sequence(
    tlv(0x17, Buffer.from("200101000000Z")),
    tlv(0x18, Buffer.from("20991231235959Z")),
  );
  const isAuthority = sequence(tlv(0x01, Buffer.from([0xff])));
  const names = sequence(tlv(0x82, Buffer.from(host)));
  const extensions = sequence(
    sequence(oid("551d13"), tlv(0x04, isAuthority)),
    sequence(oid("551d11"), tlv(0x04, names)),
  );
  const signed = sequence(
    tlv(0xa0, integer(2)),
    integer(1),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, extensions),
  );
  const signature = tlv(0x03, Buffer.from([0]), sign("sha256", signed, privateKey));
  const lines =
    sequence(signed, algorithm, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** One value of DER (X.690): tag, length, content. */
function tlv(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Uint8Array[]) => tlv(0x30, ...parts);
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, "hex"));
const integer = (value: number) => tlv(0x02, Buffer.from([value]));
