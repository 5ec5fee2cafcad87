// One JSON request to our own API. Must never be given an address outside of it.
import { problemFrom } from "./problem.ts";

export const API = "/api/v1";

interface Call {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
}

export async function call<T>(path: string, { method = "GET", body, headers }: Call = {}): Promise<T> {
  const response = await fetch(API + path, {
    method,
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw problemFrom(response.status, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
