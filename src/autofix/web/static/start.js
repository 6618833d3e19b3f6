// All that a page does by itself.
import { keepTimes } from "./times.js";
import { keepLive } from "./live.js";
import { takeKeys } from "./keys.js";
import { keepAgain } from "./again.js";
import { helpPicker } from "./picker.js";
import { keepLogs } from "./log.js";
import { helpCopy } from "./copy.js";
import { forgetSaid } from "./said.js";

keepTimes(document);
takeKeys();
keepLive();
keepAgain();
keepLogs();
helpPicker();
helpCopy();
forgetSaid();
document.documentElement.dataset.started = "";
