// Turns whatever went wrong into a sentence for a person. Must never show a stack, a code or raw HTML.

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, words: string) {
    super(words);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }
}

const BY_STATUS: Record<number, string> = {
  403: "The server refused this. If you opened the page under another address, use the server's own.",
  404: "This isn't there any more.",
  409: "This can't be done in the state it is in now.",
  410: "This has expired.",
  413: "The file is larger than this server takes.",
  423: "Another tab is sending this file.",
  429: "The server is busy. Try again in a moment.",
  502: "The server is starting or can't be reached.",
  503: "The server is starting or can't be reached.",
  504: "The server took too long to answer.",
  507: "The server's disk is full. Free some space there, then try again.",
};

/** Reads problem+json; a body that is anything else (a proxy's HTML page, say) counts as absent. */
export function problemFrom(status: number, body: string): ApiError {
  const problem = parse(body);
  const words =
    text(problem["detail"]) ??
    BY_STATUS[status] ??
    text(problem["title"]) ??
    `The server answered with an error (${status}).`;
  return new ApiError(status, text(problem["code"]) ?? `http_${status}`, words);
}

export function inWords(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return "The server can't be reached.";
}

/** Whether the same request may work later, with nothing changed by the user. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  const { status } = error;
  return [408, 409, 423, 425, 429].includes(status) || (status >= 500 && status !== 507);
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
