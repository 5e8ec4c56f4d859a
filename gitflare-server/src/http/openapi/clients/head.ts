// A typed client of the GitFlare API over `fetch`, without dependencies: Node 20 or newer, Deno, Bun and
// browsers. Written by `gitflare openapi --typescript`; make it again rather than edit it.

// @TYPES@

/** A page of a list. */
export interface Paged<T> {
  data: T[];
  page_info: PageInfo;
}

/** A credential, or what gets one for each call: a token that is renewed, say. */
export type Credential = string | (() => string | Promise<string>);

export interface Options {
  /** The server's address, such as `https://gitflare.example`. */
  baseUrl: string;
  /** An access token, for reads and subscriptions. */
  token?: Credential;
  /** The session token of a developer, for apps and their customers. */
  session?: Credential;
  /** The operator's key, for tenants, connections and grants. */
  adminKey?: Credential;
  /** Sent with HTTP Basic where tokens are issued and revoked; both can stand in the body instead. */
  clientId?: string;
  clientSecret?: Credential;
  /** After how many milliseconds without the whole answer an attempt is given up; 30,000 without it. */
  timeoutMs?: number;
  /** How often a call is repeated at most; 4 without it, 0 for never. */
  retries?: number;
  /** The longest wait before a repetition, in milliseconds; 60,000 without it. A longer one is an error at once. */
  maxWaitMs?: number;
  /** Another `fetch` than the global one. */
  fetch?: typeof fetch;
}

/** What every method throws when it has no answer to give. */
export class GitFlareError extends Error {
  override readonly name = "GitFlareError";

  constructor(
    message: string,
    /** The HTTP status; `null` when no whole answer came. */
    readonly status: number | null,
    /** The error as the server tells it; `null` when something else answered, or nothing. */
    readonly detail: ErrorDetail | null,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** What failed; `null` where the server did not say. */
  get code(): ErrorDetail["code"] | null {
    return this.detail?.code ?? null;
  }

  /** Whether the server says that the same call may succeed later. */
  get retryable(): boolean {
    return this.detail?.retryable ?? false;
  }

  /** The seconds to wait before another try; `null` where they are not known. */
  get retryAfterSeconds(): number | null {
    return this.detail?.retry_after_seconds ?? null;
  }

  /** The id of the call, for support. */
  get requestId(): string | null {
    return this.detail?.request_id ?? null;
  }
}

/**
 * Every page of a list: `pages((cursor) => client.commits("github", "1", { cursor }))`. Filters and limit have
 * to be the same for all pages. A cursor that has expired is an error: such a list is begun anew.
 */
export async function* pages<P extends Paged<unknown>>(
  read: (cursor?: string) => Promise<P>,
): AsyncGenerator<P, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    yield page;
    cursor = page.page_info.next_cursor ?? undefined;
    if (cursor === undefined && page.page_info.has_more) {
      throw new GitFlareError("This list goes on, but has one page: choose a provider to read on.", null, null);
    }
  } while (cursor !== undefined);
}

/** Every row of a list, over its pages. What is missing from a page is an error behind its rows. */
export async function* items<T>(
  read: (cursor?: string) => Promise<Paged<T>>,
): AsyncGenerator<T, void, undefined> {
  for await (const page of pages(read)) {
    yield* page.data;
    const [missing] = (page as { errors?: ErrorDetail[] }).errors ?? [];
    if (missing !== undefined) throw new GitFlareError(said(missing), null, missing);
  }
}

export class GitFlare {
  readonly #options: Options;
  readonly #base: string;

  constructor(options: Options) {
    this.#options = options;
    this.#base = options.baseUrl.replace(/\/+$/, "");
  }

  // @METHODS@

  private async call<T>(method: string, path: string, by: By, sent: Sent = {}): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.once(method, path, by, sent)) as T;
      } catch (error) {
        const wait = this.wait(method, error, attempt);
        if (wait === null) throw error;
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  /** The milliseconds before the next attempt; `null` when there is none. */
  private wait(method: string, error: unknown, attempt: number): number | null {
    if (!(error instanceof GitFlareError) || !error.retryable) return null;
    // A POST may have done its work; only the gateway's own limit refuses before anything is done.
    const undone = error.code === "RATE_LIMITED" && error.detail?.source === "gitflare";
    if (attempt >= (this.#options.retries ?? 4) || (method === "POST" && !undone)) return null;
    const seconds = error.retryAfterSeconds ?? 2 ** (attempt + 1) * (0.5 + Math.random() / 2);
    return seconds * 1000 <= (this.#options.maxWaitMs ?? 60_000) ? seconds * 1000 : null;
  }

  private async once(method: string, path: string, by: By, sent: Sent): Promise<unknown> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(sent.query ?? {})) {
      if (value !== undefined && value !== null) query.set(name, String(value));
    }
    const text = query.toString();
    const headers: Record<string, string> = { accept: "application/json", ...(await this.credential(by)) };
    const init: RequestInit = { method, headers, redirect: "error" };
    if (sent.body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(sent.body);
    }
    init.signal = AbortSignal.timeout(this.#options.timeoutMs ?? 30_000);
    let answer: Response;
    let body: string;
    try {
      const send = this.#options.fetch ?? fetch;
      answer = await send(this.#base + path + (text && `?${text}`), init);
      body = await answer.text();
    } catch (cause) {
      throw new GitFlareError(`No answer to ${method} ${path}: ${String(cause)}`, null, null, { cause });
    }
    const read = parsed(body);
    if (answer.ok && (read !== undefined || body === "")) return read;
    const detail = detailed(read);
    const message = detail ? said(detail) : `${method} ${path} was answered with status ${answer.status}`;
    throw new GitFlareError(message, answer.status, detail);
  }

  private async credential(by: By): Promise<Record<string, string>> {
    const got = async (of?: Credential) => (typeof of === "function" ? await of() : of);
    const { clientId } = this.#options;
    if (by === "client") {
      const secret = await got(this.#options.clientSecret);
      if (clientId === undefined || secret === undefined) return {};
      return { authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)}` };
    }
    if (by === null) return {};
    const value = await got(this.#options[by]);
    if (value === undefined) return {};
    return by === "adminKey" ? { "x-admin-api-key": value } : { authorization: `Bearer ${value}` };
  }
}

type By = "token" | "session" | "adminKey" | "client" | null;

interface Sent {
  query?: object;
  body?: unknown;
}

const segment = encodeURIComponent;

function said(detail: ErrorDetail): string {
  return `${detail.code}: ${detail.message} (${detail.request_id})`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The error of an answer, when it is one of the server's. */
function detailed(answer: unknown): ErrorDetail | null {
  const detail = (answer as { error?: unknown } | null | undefined)?.error;
  return typeof detail === "object" && detail !== null && "code" in detail ? (detail as ErrorDetail) : null;
}
