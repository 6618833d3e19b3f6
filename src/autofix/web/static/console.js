// The console's modules. Every page works without them; with them it stays up to date by itself.
import { keepTimes } from "./times.js";
import { keepLive } from "./live.js";
import { takeKeys } from "./keys.js";
import { keepAgain } from "./again.js";
import { helpPicker } from "./picker.js";
import { keepLogs } from "./log.js";

keepTimes(document);
takeKeys();
keepLive();
keepAgain();
keepLogs();
helpPicker();
