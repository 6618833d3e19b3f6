// Every page works without our modules; with them it stays up to date by itself. So the page is
// painted first: nothing here competes with that.
requestAnimationFrame(() => setTimeout(() => import("./start.js")));
