const UNTRUSTED =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w+|CERT_\w+)$/;

/**
 * What to do when a server was reached and TLS did not come about; null for every other error. `pg` checks certificate and name for
 * each sslmode but disable.
 */
export function tlsTrouble(error: unknown): { message: string; hint: string } | null {
  if (!(error instanceof Error)) return null;
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  if (UNTRUSTED.test(code))
    return {
      message: "the database server's certificate is not one that is trusted",
      hint: "name the certificate of the authority that signed it: ?sslmode=verify-full&sslrootcert=/path/ca.pem at the end of the URL; if that is named already, ask the server's administrator for the right one",
    };
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return {
      message: "the database server's certificate is for another host name",
      hint: "write the host into the URL as the certificate has it",
    };
  if (error.message.includes("does not support SSL"))
    return {
      message: "the database server does not offer TLS, which the URL asks for",
      hint: "switch TLS on at the server (ssl = on); sslmode=disable sends everything in the clear",
    };
  if (code === "ENOENT" && syscall === "open")
    return {
      message: "a certificate or key file that the URL names is not there",
      hint: "check sslrootcert, sslcert and sslkey in the URL",
    };
  return null;
}
