// Before the first picture, so that a dark room stays dark; app.js keeps the choice as JSON.
(() => {
  let wanted = null;
  try { wanted = JSON.parse(localStorage.getItem("lineshaft.theme")); } catch { /* then it is as the system */ }
  if (wanted === "light" || wanted === "dark") document.documentElement.dataset.theme = wanted;
})();
