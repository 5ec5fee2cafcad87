// Starts the page. Must stay the only module with side effects on the document as a whole.
import { render } from "preact";
import { App } from "./app.tsx";
import { loadPresets } from "./formats/presets.ts";
import { listen, onReconnect } from "./live/events.ts";
import { loadJobs } from "./live/list.ts";
import { watchTitle } from "./parts/header.tsx";
import "./parts/theme.ts";
import "./styles/index.css";
import { hurry } from "./uploads/queue.ts";
import { compareAgain, restoreUploads } from "./uploads/restore.ts";

render(<App />, document.getElementById("app")!);
watchTitle();

void loadJobs();
void loadPresets();
void restoreUploads();
listen();

const back = () => {
  hurry();
  compareAgain();
  void loadPresets();
};
onReconnect(back);
addEventListener("online", back);
