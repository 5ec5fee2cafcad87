// Every call that the page makes, one line each. Must never decide what to do with the answer.
import { call } from "./http.ts";
import type { Job, NewJob, Page, Preset, Worker } from "./types.ts";

const PAGE = 20;
const id = encodeURIComponent;

export const listJobs = (cursor?: string) =>
  call<Page<Job>>(`/jobs?limit=${PAGE}${cursor === undefined ? "" : `&cursor=${id(cursor)}`}`);

export const getJob = (job: string) => call<Job>(`/jobs/${id(job)}`);

export const cancelJob = (job: string) => call<Job | undefined>(`/jobs/${id(job)}/cancel`, { method: "POST" });

export const retryJob = (job: string) => call<Job | undefined>(`/jobs/${id(job)}/retry`, { method: "POST" });

export const deleteJob = (job: string) => call<void>(`/jobs/${id(job)}`, { method: "DELETE" });

/** The key makes a repeated submission of one upload (a reload, a lost answer) the same job. */
export const createJob = (job: NewJob, key: string) =>
  call<Job>("/jobs", { method: "POST", body: job, headers: { "idempotency-key": key } });

export const listPresets = () => call<{ items: Preset[] } | Preset[]>("/presets");

export const listWorkers = () => call<{ items: Worker[] }>("/workers");

export const getUpload = (upload: string) =>
  call<{ id: string; offset: number; complete: boolean }>(`/uploads/${id(upload)}`);
