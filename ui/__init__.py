"""The operator console: a window on a running station.

``values``         plain data that comes from the station
``station_view``   what the window shows, from what was heard and the time: no Qt, no ROS
``wording``        the texts for it, through Qt's translation
``actions``        what the operator can ask for, with its keys: one table
``bridge``         ROS 2 in, Qt signals out; the only module that imports rclpy
``widgets``        widgets that show plain values and hold no logic
``console_window`` the window; ``console`` runs it; ``gallery`` shows it in every state
"""
