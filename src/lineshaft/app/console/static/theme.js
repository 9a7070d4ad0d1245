// Before the first picture, so that a dark room stays dark.
(() => {
  const wanted = localStorage.getItem("lineshaft.theme");
  if (wanted === "light" || wanted === "dark") document.documentElement.dataset.theme = wanted;
})();
