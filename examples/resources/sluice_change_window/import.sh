terraform import sluice_change_window.peak black-friday
