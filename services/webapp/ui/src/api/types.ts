// The API's JSON as the page reads it. Must never hold logic, nor names that the API does not use.

export type JobState =
  | "queued"
  | "probing"
  | "encoding"
  | "finishing"
  | "completed"
  | "partially_completed"
  | "failed"
  | "cancelled";

export type OutputState =
  | "waiting"
  | "encoding"
  | "assembling"
  | "published"
  | "failed"
  | "cancelled"
  | "skipped"
  | "expired";

export interface Failure {
  code: string;
  message: string;
  log_tail?: string | null;
}

export interface Media {
  duration_s?: number | null;
  width?: number | null;
  height?: number | null;
  fps?: number | null;
  frames?: number | null;
  video_codec?: string | null;
  audio_codec?: string | null;
}

export interface OutputFile {
  name: string;
  url: string;
  bytes: number | null;
  content_type?: string | null;
}

export interface Output {
  id: string;
  preset: string;
  state: OutputState;
  reason?: string | null;
  progress?: number | null;
  frames_done?: number | null;
  frames_total?: number | null;
  speed?: number | null;
  eta_s?: number | null;
  url?: string | null;
  bytes?: number | null;
  files?: OutputFile[] | null;
  media?: Media | null;
  failures?: number;
  expires_at?: string | null;
  error?: Failure | null;
}

export interface Source {
  id: string;
  name: string;
  bytes?: number | null;
  url?: string | null;
  media?: Media | null;
}

export interface Job {
  id: string;
  name?: string | null;
  state: JobState;
  progress?: number | null;
  eta_s?: number | null;
  position?: number | null;
  waiting_for?: string | null;
  priority?: number;
  paused?: boolean;
  created_at: string;
  finished_at?: string | null;
  expires_at?: string | null;
  retry_of?: string | null;
  source?: Source | null;
  outputs: Output[];
  warnings?: { code: string; message: string }[] | null;
  error?: Failure | null;
}

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface Preset {
  name: string;
  label: string;
  description: string;
  container: string;
  kind: "video" | "audio" | "images";
  extension: string;
  available: boolean;
  unavailable_reason?: string | null;
}

export interface Worker {
  id: string;
  name: string;
  state: string;
  slots: number;
  busy: number;
  lanes?: string[];
  ffmpeg_version?: string | null;
}

export interface JobProgress {
  job: string;
  progress: number;
  eta_s?: number | null;
  outputs?: Pick<Output, "id" | "progress" | "frames_done" | "frames_total" | "speed" | "eta_s">[];
}

export interface NewJob {
  source: { upload: string };
  outputs: { preset: string }[];
  name?: string;
  priority?: number;
  strict?: boolean;
}
