export interface Platform {
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

/**
 * npm's words for a platform (`os`, `cpu`, `libc`), read from a package's name; what the name does not say is left out.
 * `siblings` are the names beside it: the build beside one for musl is the one for glibc, a build alone may serve both.
 */
export function platformOf(name: string, siblings: readonly string[] = []): Platform {
  const words = name.split(/[/-]/);
  const os = words.map((word) => OS[word]).find(Boolean);
  const cpu = words.find((word) => CPU.includes(word));
  const stated = words.map((word) => LIBC[word]).find(Boolean);
  const libc = stated ?? (siblings.includes(`${name}-musl`) ? "glibc" : undefined);
  return {
    ...(os && { os: [os] }),
    ...(cpu && { cpu: [cpu] }),
    ...(libc && { libc: [libc] }),
  };
}

const OS: Record<string, string> = {
  aix: "aix",
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  netbsd: "netbsd",
  openbsd: "openbsd",
  openharmony: "openharmony",
  sunos: "sunos",
  win: "win32",
  win32: "win32",
  windows: "win32",
};

const LIBC: Record<string, string> = { gnu: "glibc", musl: "musl" };

const CPU = [
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];
