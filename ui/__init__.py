"""The operator console: a window on a running station.

``values``         plain data that comes from the station
``station_view``   what the window shows of the station, from what was heard and the time: no
                   Qt, no ROS; ``session_view`` of the session, with ``feedback_view`` of an
                   attempt and ``summary_view`` of a whole session
``wording``        the texts for it, through Qt's translation; ``session_wording`` likewise
``translation``    another language, where there is one
``layout_projection``  where a drawn layout lies in a camera's picture
``actions``        what the operator can ask for, with keys and buttons: one table;
                   ``settings`` changes it, ``gamepad`` hears buttons
``keyboard_teleop``  keys held -> a velocity; ``teleop_keys`` hears them
``cues``           which tone goes with what happens; ``sounds`` plays them
``bridge``         ROS 2 in, Qt signals out; with ``calibration_bridge`` alone imports rclpy
``widgets``        widgets that show plain values and hold no logic
``calibration_*`` the calibration wizard likewise: ``calibration_view`` where it stands,
                   ``calibration_signs``, ``calibration_wording`` its texts,
                   ``calibration_scene`` and ``scene_projection`` what is drawn in space,
                   ``verification_overlay`` what is drawn over pictures, ``calibration_window``
                   the window, ``calibration_bridge`` its ROS, ``calibration_wizard`` runs it
``console_window`` the window; ``console`` runs it; ``gallery`` shows it in every state
"""
