// Lets a threshold be picked: what it means is in the table of thresholds already.
(function () {
  "use strict";
  var rows = document.querySelectorAll("#points tbody tr");
  var pick = document.getElementById("pick"), mark = document.getElementById("mark");
  if (!pick || !rows.length) return;
  var told = document.querySelector(".pick output");
  function show() {
    var row = rows[+pick.value], cells = row.cells;
    mark.setAttribute("x1", row.dataset.x);
    mark.setAttribute("x2", row.dataset.x);
    told.textContent = "score from " + cells[0].textContent + ": " + cells[4].textContent + " alerts, precision " +
      cells[1].textContent + ", recall " + cells[2].textContent + ", F1 " + cells[3].textContent + ", caught " +
      cells[5].textContent;
  }
  pick.addEventListener("input", show);
  document.querySelector(".pick").hidden = false;
  show();
})();
